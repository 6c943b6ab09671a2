/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROWS_TO_SUMS_H
#define BNNCL_INTERNAL_ROWS_TO_SUMS_H

#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/transpose.h"

#include <stdbool.h>
#include <stdint.h>

/* The bits of a group's numbers. With p the parity of n1 and counters V that start at C - h - p,
 * acc = 4 * V + 2 * p + (B - 4 * C): words 0 and 1 are 0 and p, and the counters' planes follow. */
static inline void bnncl_rows_numbers(const uint32_t *planes, uint32_t plane_count, uint32_t parity,
                                      uint32_t words[16])
{
    words[0] = 0;
    words[1] = 0u - parity;
    for (uint32_t k = 2; k < 16; k++) {
        words[k] = k - 2 < plane_count ? planes[k - 2] : 0u;
    }
    bnncl_transpose_far(words);
}

/* Counts for one pixel and turns the counters into accumulators; the call's params are a
 * bnncl_vertical_sums. */
static inline void bnncl_rows_to_sums(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
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

/* The same for the input with every sign turned, whose accumulators are the others' negatives. */
static inline void bnncl_rows_to_turned_sums(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                                             bnncl_rows_work *work)
{
    const uint32_t channels = call->window->out_channels;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    bnncl_rows_to_sums(call, spot, work);
    for (uint32_t i = 0; call->is_turned && i < channels; i++) {
        output[i] = -output[i];
    }
}

#endif
