/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/transpose.h"

#include <stdbool.h>

/* The bits of a group's numbers. With p the parity of n1 and counters V that start at C - h - p,
 * acc = 4 * V + 2 * p + (B - 4 * C): words 0 and 1 are 0 and p, and the counters' planes follow. */
static void bnncl_rows_numbers(const uint32_t *planes, uint32_t plane_count, uint32_t parity,
                               uint32_t words[16])
{
    words[0] = 0;
    words[1] = 0u - parity;
    for (uint32_t k = 2; k < 16; k++) {
        words[k] = k - 2 < plane_count ? planes[k - 2] : 0u;
    }
    bnncl_transpose_far(words);
}

static void bnncl_rows_to_sums(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                               bnncl_rows_work *work)
{
    const bnncl_vertical_sums *params = call->params;
    const uint32_t channels = call->window->out_channels;
    static const int32_t zeros[32] = {0};
    uint32_t *const words = work->planes + work->groups * call->plane_count;
    int32_t *const sums = (int32_t *)(words + 16);
    const int32_t *base = params->base + spot->border * channels;
    const uint32_t *planes = work->planes;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    work->plane_bytes = call->plane_count * 4u;
    bnncl_add_rows(work);
    for (uint32_t group = 0; group < work->groups; group++) {
        const bool is_whole = group < channels / 32u;
        bnncl_rows_numbers(planes, call->plane_count, spot->ones % 2u, words);
        bnncl_transpose_near(words, is_whole ? base : zeros, is_whole ? output : sums);
        for (uint32_t i = 0; !is_whole && i < channels - group * 32u; i++) {
            output[i] = base[i] + sums[i];
        }
        planes += call->plane_count;
        base += 32;
        output += 32;
    }
}

void bnncl_bconv_rows_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                          const bnncl_window *restrict window)
{
    const bnncl_rows_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = sums,
        .border = border,
        .window = window,
        .plane_count = sums->plane_count,
        .round = 1,
        .plane_words = bnncl_words(window->out_channels) * sums->plane_count + 48u,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_sums);
}
