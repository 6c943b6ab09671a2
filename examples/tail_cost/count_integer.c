/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of the three passes in integers. */
#include "bnncl/filter.h"
#include "tail_count.h"

static const bnncl_window window = {.in_channels = TAIL_CHANNELS,
                                    .out_channels = TAIL_CHANNELS,
                                    .in_h = TAIL_SIZE,
                                    .in_w = TAIL_SIZE,
                                    .out_h = TAIL_SIZE,
                                    .out_w = TAIL_SIZE,
                                    .filter_h = 3,
                                    .filter_w = 3,
                                    .stride_h = 1,
                                    .stride_w = 1,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = 1,
                                    .pad_left = 1};
static const bnncl_planned planned = {TAIL_PLANE_COUNT, TAIL_CLASSES};
static const bnncl_border border = {tail_border, tail_border, 3};
static const bnncl_alignment alignment = {TAIL_SHIFT, TAIL_LIMIT};
static const int32_t exponent[1] = {0};

static int32_t output[TAIL_NUMBERS];
static int32_t sum[TAIL_FILTER];
/* Of the gradients, or of the forward pass where that is more. */
enum { TABLES = (2 * TAIL_CHANNELS + 1) * TAIL_TAPS + TAIL_CHANNELS + 2048, ROWS = TAIL_SCRATCH / 4 };
static uint32_t scratch[TABLES > ROWS ? TABLES : ROWS];

static void forward(void *unused)
{
    (void)unused;
    bnncl_filter_conv_rows(tail_input, tail_signs, output, scratch, &planned, &border, &window);
}

static void input_gradient(void *unused)
{
    (void)unused;
    bnncl_filter_input_gradient_pairs(tail_gradient, tail_transposed, output, scratch, &window);
}

static void filter_gradient(void *unused)
{
    (void)unused;
    bnncl_filter_accumulate_bits_pairs(sum, tail_input, tail_gradient, exponent, scratch, &alignment,
                                       &window);
}

static void count(const char *what, void (*pass)(void *), const int32_t *made, size_t numbers)
{
    const uint32_t instructions = bnncl_count_instructions(pass, NULL);
    uint32_t digest = 0;
    for (size_t i = 0; i < numbers; i++) {
        digest = tail_digest(digest, made[i]);
    }
    tail_say(what, instructions, digest);
}

int main(void)
{
    count("forward", forward, output, TAIL_NUMBERS);
    count("input_gradient", input_gradient, output, TAIL_NUMBERS);
    count("filter_gradient", filter_gradient, sum, TAIL_FILTER);
    return 0;
}
