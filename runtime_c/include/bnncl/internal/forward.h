/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FORWARD_H
#define BNNCL_INTERNAL_FORWARD_H

#include "bnncl/fixed.h"
#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

/* The bit of one number: 1 where it lies outside lo..hi. */
static inline uint32_t bnncl_outside(int32_t number, int32_t lo, int32_t hi)
{
    return (uint32_t)((uint32_t)number - (uint32_t)lo > (uint32_t)hi - (uint32_t)lo);
}

/* Packs which numbers lie outside lo..hi. Words are built from their last channel on, so that one shift makes room for
 * the next bit; tail bits are 0. */
static inline void bnncl_mask_each(const void *x, uint32_t *output, int32_t lo, int32_t hi, uint32_t pixels,
                                   uint32_t channels, bnncl_load load)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            uint32_t word = 0;
            for (uint32_t left = count; left > 0; left--) {
                word = (word << 1) | bnncl_outside(load(x, at + left - 1u), lo, hi);
            }
            *output = word;
            output++;
            at += count;
        }
    }
}

/* floor((x * slope + half) / 2**shift): |x * slope| is at most 2**22, the half at most 2**14. */
static inline int32_t bnncl_sloped(int32_t x, int32_t slope, uint32_t shift)
{
    return bnncl_shift_right_floor32(x * slope + (INT32_C(1) << (shift - 1u)), shift);
}

#endif
