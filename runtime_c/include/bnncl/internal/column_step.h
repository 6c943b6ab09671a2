/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_COLUMN_STEP_H
#define BNNCL_INTERNAL_COLUMN_STEP_H

#include "bnncl/internal/columns.h"
#include "bnncl/internal/step_columns.h"

#include <stddef.h>
#include <stdint.h>

static inline uint32_t bnncl_round_up_4(uint32_t channels)
{
    return (channels + 3u) & ~3u;
}

/* Packed signs of one step for each channel: biases have it subtracted, and the epilogue is the sign from the step
 * on, as bits. */
static inline void bnncl_columns_step(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                      size_t words)
{
    const uint32_t blocks = bnncl_round_up_4(call->window->out_channels) / 4u;
    const uint32_t *reached = call->epilogue;
    const uint32_t *filter = call->filter;
    const uint32_t groups = (blocks + 7u) / 8u;
    uint32_t *output = (uint32_t *)call->output + pixel * groups;
    for (uint32_t group = 0; group < groups; group++) {
        const uint32_t left = blocks - group * 8u;
        const uint32_t below = bnncl_step_columns(call->scratch, filter, bias, words, left < 8u ? left : 8u);
        output[group] = reached[group] ^ below;
        filter += words * 32u;
        bias += 32;
    }
}

#endif
