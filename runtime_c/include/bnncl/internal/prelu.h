/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_PRELU_H
#define BNNCL_INTERNAL_PRELU_H

#include "bnncl/elementwise.h"
#include "bnncl/fixed.h"
#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

/* q * slope is at most 2**30 in magnitude, the half at most 2**14. */
static inline int32_t bnncl_prelu_number(int32_t q, int32_t slope, const bnncl_prelu *prelu)
{
    const int32_t half = INT32_C(1) << (prelu->shift - 1);
    if (bnncl_may_skip(q >= 0)) {
        return q;
    }
    const int32_t sloped = bnncl_shift_right_floor32(q * slope + half, prelu->shift);
    return bnncl_by_sign(q, bnncl_saturate32(sloped, prelu->lo, prelu->hi), q);
}

static inline void bnncl_two_slopes_each(const void *input, void *output, const bnncl_two_slopes *slopes,
                                         uint32_t pixels, uint32_t channels, bnncl_load load,
                                         bnncl_store store)
{
    const uint32_t shift = slopes->shift;
    const int32_t half = INT32_C(1) << (shift - 1);
    const int32_t lo = slopes->lo;
    const int32_t hi = slopes->hi;
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t q = load(input, at);
            const int32_t wide = q * bnncl_by_sign(q, slopes->slope[c], slopes->positive[c]) + half;
            store(output, at, bnncl_saturate32(bnncl_shift_right_floor32(wide, shift), lo, hi));
            at++;
        }
    }
}

static inline void bnncl_prelu_each(const void *input, void *output, const bnncl_prelu *prelu,
                                    uint32_t pixels, uint32_t channels, bnncl_load load, bnncl_store store)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            store(output, at, bnncl_prelu_number(load(input, at), prelu->slope[c], prelu));
            at++;
        }
    }
}

#endif
