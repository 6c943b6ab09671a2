/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BACKWARD_H
#define BNNCL_INTERNAL_BACKWARD_H

#include "bnncl/backward.h"
#include "bnncl/fixed.h"
#include "bnncl/gradient.h"
#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

/* The exponent of a tensor: the union of all magnitudes has as many bits as the largest one. */
static inline int32_t bnncl_exponent_of(const void *x, int32_t x_exponent, int32_t bias, uint32_t count,
                                        bnncl_load load)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= bnncl_magnitude(load(x, i));
    }
    return x_exponent + bias + (int32_t)bnncl_bit_length(bits);
}

/* What brings a tensor to mantissas of `bits` bits. */
static inline bnncl_shift bnncl_normaliser(const int32_t *x_exponent, const int32_t *exponent, int32_t bias,
                                           uint32_t bits)
{
    return bnncl_shift_of(*exponent - *x_exponent - bias, (INT32_C(1) << (bits - 1u)) - 1);
}

/* The sum over the pixels of one channel of x * y, y clipped, each product divided. */
static inline int32_t bnncl_dot_of(const int16_t *x, const void *y, const bnncl_channel_dot *dot,
                                   size_t elements, uint32_t channels, size_t at, bnncl_load load)
{
    const uint32_t shift = dot->shift;
    const int32_t half = (INT32_C(1) << shift) / 2;
    const int32_t lo = dot->lo;
    const int32_t hi = dot->hi;
    int32_t sum = 0;
    while (at < elements) {
        const int32_t product = x[at] * bnncl_saturate32(load(y, at), lo, hi);
        sum += bnncl_shift_right_floor32(product + half, shift);
        at += channels;
    }
    return sum;
}

static inline void bnncl_dot_each(const int16_t *x, const void *y, int32_t *output,
                                  const bnncl_channel_dot *dot, uint32_t pixels, uint32_t channels,
                                  bnncl_load load)
{
    const size_t elements = (size_t)pixels * channels;
    for (uint32_t c = 0; c < channels; c++) {
        output[c] = bnncl_dot_of(x, y, dot, elements, channels, c, load);
    }
}

/* Moves every element, or a 0 where its mask bit is 1. */
static inline void bnncl_masked_each(const void *x, const uint32_t *mask, void *output, uint32_t pixels,
                                     uint32_t channels, bnncl_load load, bnncl_store store)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const size_t end = at + (channels - start < 32u ? channels - start : 32u);
            uint32_t word = *mask;
            mask++;
            while (at < end) {
                store(output, at, (word & 1u) != 0 ? 0 : load(x, at));
                word >>= 1;
                at++;
            }
        }
    }
}

#endif
