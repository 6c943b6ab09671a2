/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROWS_TO_SUMS_H
#define BNNCL_INTERNAL_ROWS_TO_SUMS_H

#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/rows.h"

#include <stdint.h>
#include <string.h>

/* Words of scratch from two before the planes on: those of each group's numbers, and for a last group that is
 * not full 32 sums and 32 numbers, 0 where they count. */
static inline uint32_t bnncl_sums_plane_words(const bnncl_window *window)
{
    return bnncl_words(window->out_channels) * 16u + 64u;
}

/* Counts for one pixel and turns the counters into accumulators; the call's params are a
 * bnncl_vertical_sums. With p the parity of n1 and counters V that start at C - h - p,
 * acc = 4 * V + 2 * p + (B - 4 * C): of the words of a group's numbers 0 and 1 are 0 and p, and the counters'
 * planes follow. */
static inline void bnncl_rows_to_sums(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                                      bnncl_rows_work *work)
{
    const bnncl_vertical_sums *params = call->params;
    const uint32_t channels = call->window->out_channels;
    uint32_t *words = work->planes - 2;
    int32_t *const last = (int32_t *)(words + work->groups * 16u);
    const int32_t *base = params->base + spot->border * channels;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    work->plane_bytes = 64;
    if (spot->pixel == 0 && channels % 32u != 0) {
        memset(last + 32, 0, channels % 32u * sizeof *last);
    }
    bnncl_add_rows(work);
    for (uint32_t left = channels; left > 0; left -= 32) {
        words[0] = 0;
        words[1] = 0u - spot->ones % 2u;
        if (left < 32) {
            bnncl_add_transposed(words, call->plane_count + 2u, last + 32, last);
            for (uint32_t i = 0; i < left; i++) {
                output[i] = base[i] + last[i];
            }
            break;
        }
        bnncl_add_transposed(words, call->plane_count + 2u, base, output);
        words += 16;
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
    const int32_t *const end = output + channels;
    bnncl_rows_to_sums(call, spot, work);
    if (call->turn != NULL) {
        for (; output < end; output++) {
            *output = -*output;
        }
    }
}

#endif
