/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/transpose.h"

#include <string.h>

/* The sums of one group. With p the parity of n1 and counters V that start at C - h - p,
 * acc = 4 * V + 2 * p + (B - 4 * C): planes 0 and 1 of the numbers are 0 and p, and the counter's follow;
 * those beyond 16 bits are added one by one. */
static void bnncl_rows_group_sums(const uint32_t *planes, uint32_t plane_count, uint32_t parity,
                                  const int32_t *base, int32_t *sums)
{
    const uint32_t narrow = plane_count < 14 ? plane_count : 14;
    uint32_t bits[16] = {0, 0u - parity};
    for (uint32_t k = 2; k < 16; k++) {
        bits[k] = k - 2 < narrow ? planes[k - 2] : 0u;
    }
    bnncl_add_numbers(bits, base, sums);
    for (uint32_t k = narrow; k < plane_count; k++) {
        for (uint32_t lane = 0; lane < 32; lane++) {
            sums[lane] += (int32_t)(((planes[k] >> lane) & 1u) << (k + 2));
        }
    }
}

static void bnncl_rows_to_sums(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                               bnncl_rows_work *work)
{
    const bnncl_vertical_sums *params = call->params;
    const uint32_t channels = call->window->out_channels;
    const int32_t *base = params->base + spot->border * work->groups * 32u;
    const uint32_t *planes = work->planes;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    work->plane_bytes = call->plane_count * 4u;
    bnncl_add_rows(work);
    for (uint32_t first = 0; first < channels; first += 32) {
        const uint32_t count = channels - first;
        if (count >= 32) {
            bnncl_rows_group_sums(planes, call->plane_count, spot->ones % 2u, base, output);
        } else {
            int32_t sums[32] = {0};
            bnncl_rows_group_sums(planes, call->plane_count, spot->ones % 2u, base, sums);
            memcpy(output, sums, count * sizeof *sums);
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
        .plane_words = bnncl_words(window->out_channels) * sums->plane_count,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_sums);
}
