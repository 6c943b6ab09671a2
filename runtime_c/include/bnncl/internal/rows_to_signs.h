/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROWS_TO_SIGNS_H
#define BNNCL_INTERNAL_ROWS_TO_SIGNS_H

#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"

#include <stddef.h>
#include <stdint.h>

/* Counts for one pixel and compares with the limits of its class and parity; the call's params are a
 * bnncl_vertical_steps. */
static inline void bnncl_rows_to_signs(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                                       bnncl_rows_work *work)
{
    const bnncl_vertical_steps *steps = call->params;
    const size_t set = (spot->border * 2u + spot->ones % 2u) * work->groups;
    uint32_t *output = (uint32_t *)call->output + spot->pixel * work->groups;
    work->limits = steps->planes + set * steps->plane_count;
    work->below = output;
    bnncl_add_rows(work);
    for (uint32_t group = 0; group < work->groups; group++) {
        output[group] ^= steps->reached[group];
    }
}

#endif
