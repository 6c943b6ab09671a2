/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of the three passes in float32. */
#include "float_conv.h"

#include <string.h>

static float input[TAIL_NUMBERS];
static float gradient[TAIL_NUMBERS];
static float output[TAIL_NUMBERS];
static float filter[TAIL_FILTER]; /* in the last pass the sums of its gradient */

static void forward(void *unused)
{
    (void)unused;
    float_forward(input, filter, output);
}

static void input_gradient(void *unused)
{
    (void)unused;
    float_input_gradient(gradient, filter, output);
}

static void filter_gradient(void *unused)
{
    (void)unused;
    float_filter_gradient(filter, input, gradient);
}

static void count(const char *what, void (*pass)(void *), const float *made, size_t numbers, float unit)
{
    const uint32_t instructions = bnncl_count_instructions(pass, NULL);
    uint32_t digest = 0;
    for (size_t i = 0; i < numbers; i++) {
        digest = tail_digest(digest, (int32_t)(made[i] / unit));
    }
    tail_say(what, instructions, digest);
}

/* The signs of channels that are a multiple of 32, as floats. */
static void expand(float *floats, const uint32_t *bits, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++) {
        floats[i] = ((bits[i / 32u] >> (i % 32u)) & 1u) != 0 ? -1.0f : 1.0f;
    }
}

int main(void)
{
    expand(input, tail_input, TAIL_NUMBERS);
    expand(filter, tail_signs, TAIL_FILTER);
    for (size_t i = 0; i < TAIL_NUMBERS; i++) {
        gradient[i] = (float)tail_gradient[i];
    }
    count("forward", forward, output, TAIL_NUMBERS, 1.0f);
    count("input_gradient", input_gradient, output, TAIL_NUMBERS, 1.0f);
    memset(filter, 0, sizeof filter);
    count("filter_gradient", filter_gradient, filter, TAIL_FILTER, (float)(1 << TAIL_SHIFT));
    return 0;
}
