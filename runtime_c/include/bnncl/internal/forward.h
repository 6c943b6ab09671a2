/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FORWARD_H
#define BNNCL_INTERNAL_FORWARD_H

#include "bnncl/fixed.h"
#include "bnncl/forward.h"
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
static inline void bnncl_clamp_each(const void *x, uint32_t *output, int32_t lo, int32_t hi, uint32_t pixels,
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

/* The same for numbers of 8 bits, with an offset. */
static inline void bnncl_pass_each(const void *x, const int16_t *offset, uint32_t *output,
                                   const bnncl_pass *pass, uint32_t pixels, uint32_t channels,
                                   bnncl_load load)
{
    const int32_t factor = INT32_C(1) << pass->shift;
    const int32_t lo = pass->lo;
    const int32_t hi = pass->hi;
    const uint8_t *from = x;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            const int16_t *of = offset + start;
            uint32_t word = 0;
            for (uint32_t left = count; left > 0; left--) {
                const int32_t number = load(from, left - 1u) * factor + of[left - 1u];
                word = (word << 1) | bnncl_outside(number, lo, hi);
            }
            *output = word;
            output++;
            from += count;
        }
    }
}

/* Packs the sign bits of such numbers in the same way. */
static inline void bnncl_sign_each(const void *x, const int16_t *offset, uint32_t *output, uint32_t shift,
                                   uint32_t pixels, uint32_t channels, bnncl_load load)
{
    const int32_t factor = INT32_C(1) << shift;
    const uint8_t *from = x;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            const int16_t *of = offset + start;
            uint32_t word = 0;
            for (uint32_t left = count; left > 0; left--) {
                const int32_t number = load(from, left - 1u) * factor + of[left - 1u];
                word = (word << 1) | ((uint32_t)number >> 31);
            }
            *output = word;
            output++;
            from += count;
        }
    }
}

/* The height of the tent is at most 2**14. */
static inline void bnncl_tent_each(const void *x, const int16_t *offset, uint8_t *output, uint32_t shift,
                                   uint32_t one, uint32_t pixels, uint32_t channels, bnncl_load load)
{
    const int32_t factor = INT32_C(1) << shift;
    const int32_t top = INT32_C(1) << one;
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t number = load(x, at) * factor + offset[c];
            const int32_t height = top - (number < 0 ? -number : number);
            const uint32_t slope = height > 0 ? ((uint32_t)height << 7) >> one : 0;
            output[at] = (uint8_t)(slope < 127u ? slope : 127u);
            at++;
        }
    }
}

static inline void bnncl_affine_each(const void *x, const int16_t *scale, const int16_t *offset,
                                     int8_t *output, const bnncl_channel_affine *affine, uint32_t pixels,
                                     uint32_t channels, bnncl_load load)
{
    const int32_t lo = affine->lo;
    const int32_t hi = affine->hi;
    const uint32_t shift = affine->shift;
    const int32_t half = INT32_C(1) << (shift - 1u);
    const int32_t factor = INT32_C(1) << affine->offset_shift;
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t sum = load(x, at) * scale[c] + offset[c] * factor + half;
            output[at] = (int8_t)bnncl_saturate32(bnncl_shift_right_floor32(sum, shift), lo, hi);
            at++;
        }
    }
}

/* floor((x * slope + half) / 2**shift): |x * slope| is at most 2**22, the half at most 2**14. */
static inline int32_t bnncl_sloped(int32_t x, int32_t slope, uint32_t shift)
{
    return bnncl_shift_right_floor32(x * slope + (INT32_C(1) << (shift - 1u)), shift);
}

#endif
