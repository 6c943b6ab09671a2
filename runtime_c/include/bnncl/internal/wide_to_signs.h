/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_WIDE_TO_SIGNS_H
#define BNNCL_INTERNAL_WIDE_TO_SIGNS_H

#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_wide.h"

#include <stdint.h>

/* Signs of one fold; the call's params are a bnncl_vertical_steps. The words of the pixels that came out follow
 * each other as they do in the output. */
static inline void bnncl_wide_to_signs(const bnncl_wide_call *call, const bnncl_wide_plan *plan,
                                       const bnncl_wide_spot *spot, const bnncl_wide_work *work)
{
    const bnncl_vertical_steps *steps = call->params;
    const uint32_t groups = bnncl_words(call->window->out_channels);
    const uint32_t count = spot->count * groups;
    const uint32_t *const reached = plan->fold > 1 ? plan->words : steps->reached;
    uint32_t *restrict const output = (uint32_t *)call->output + spot->pixel * groups;
    const uint32_t *restrict const below = work->below;
    if (spot->pixel == 0 && plan->fold > 1) {
        for (uint32_t i = 0; i < count; i++) {
            plan->words[i] = i < groups ? steps->reached[i] : plan->words[i - groups];
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        output[i] = below[i] ^ reached[i];
    }
}

#endif
