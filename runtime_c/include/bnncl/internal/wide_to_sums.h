/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_WIDE_TO_SUMS_H
#define BNNCL_INTERNAL_WIDE_TO_SUMS_H

#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_wide.h"
#include "bnncl/internal/rows.h"

#include <stddef.h>
#include <stdint.h>

/* Makes accumulators of `count` counters, 1..32, whose planes stand every `words` words: with p the parity of
 * n1 and counters V that start at C - h - p, acc = (4 * V + 2 * p) + base, base = B - 4 * C. */
static inline void bnncl_wide_sums(const bnncl_wide_call *call, const uint32_t *planes, uint32_t parity,
                                   uint32_t *words, const int32_t *base, int32_t *output, uint32_t count)
{
    static const int32_t zeros[32] = {0};
    int32_t *const sums = (int32_t *)(words + 16);
    words[0] = 0;
    words[1] = 0u - parity;
    for (uint32_t k = 0; k < call->plane_count; k++) {
        words[k + 2] = planes[k * call->words];
    }
    bnncl_add_transposed(words, call->plane_count + 2u, count < 32 ? zeros : base,
                         count < 32 ? sums : output);
    for (uint32_t i = 0; count < 32 && i < count; i++) {
        output[i] = base[i] + sums[i];
    }
}

/* Accumulators of one fold; the call's params are a bnncl_vertical_sums. */
static inline void bnncl_wide_to_sums(const bnncl_wide_call *call, const bnncl_wide_plan *plan,
                                      const bnncl_wide_spot *spot, const bnncl_wide_work *work)
{
    const bnncl_vertical_sums *params = call->params;
    const uint32_t channels = call->window->out_channels;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    const uint32_t *planes = work->planes;
    uint32_t word = 0;
    for (uint32_t i = 0; i < spot->count; i++) {
        const int32_t *base = params->base + (size_t)spot->border[i] * channels;
        for (uint32_t at = 0; at < channels; at += 32) {
            const uint32_t count = channels - at < 32 ? channels - at : 32;
            bnncl_wide_sums(call, planes + word, spot->ones[i] % 2u, plan->words, base + at, output + at,
                            count);
            word++;
            if (word == call->words) {
                word = 0;
                planes += work->plane_bytes / 4u;
            }
        }
        output += channels;
    }
}

#endif
