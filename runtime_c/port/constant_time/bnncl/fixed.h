/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_FIXED_H
#define BNNCL_FIXED_H

#include <stdint.h>

/* bnncl/fixed.h without a branch that depends on a number: signs are made into masks. */

/* floor(x / 2**shift), shift in 0..62; see the general one. */
static inline int64_t bnncl_shift_right_floor(int64_t x, uint32_t shift)
{
    const uint64_t is_negative = (uint64_t)x >> 63;
    return (int64_t)(((uint64_t)x ^ (0u - is_negative)) >> shift) ^ -(int64_t)is_negative;
}

/* floor(x / 2**shift), shift in 0..30. */
static inline int32_t bnncl_shift_right_floor32(int32_t x, uint32_t shift)
{
    const uint32_t is_negative = (uint32_t)x >> 31;
    return (int32_t)(((uint32_t)x ^ (0u - is_negative)) >> shift) ^ -(int32_t)is_negative;
}

/* The number whose two's complement is `x`. */
static inline int32_t bnncl_signed(uint32_t x)
{
    const uint32_t is_negative = x >> 31;
    return (int32_t)(x ^ (0u - is_negative)) ^ -(int32_t)is_negative;
}

/* floor(x / 2**32). */
static inline int32_t bnncl_upper_word(int64_t x)
{
    return bnncl_signed((uint32_t)((uint64_t)x >> 32));
}

/* All ones where bit 31 of `x` is 1, else 0. */
static inline uint32_t bnncl_sign_mask(uint32_t x)
{
    return 0u - (x >> 31);
}

/* -1 where x < y, else 0: the sign of x - y, turned where the subtraction overflows. */
static inline int32_t bnncl_less_mask(int32_t x, int32_t y)
{
    const uint32_t a = (uint32_t)x;
    const uint32_t b = (uint32_t)y;
    const uint32_t difference = a - b;
    return -(int32_t)((difference ^ ((a ^ b) & (difference ^ a))) >> 31);
}

/* `yes` where `mask` is -1, `no` where it is 0. */
static inline int32_t bnncl_masked(int32_t mask, int32_t yes, int32_t no)
{
    return (yes & mask) | (no & ~mask);
}

/* The larger number, or the smaller one where `minimum` holds, which depends on no number. */
static inline int32_t bnncl_extreme_of(int32_t x, int32_t y, int minimum)
{
    const int32_t mask = bnncl_less_mask(x, y);
    return minimum ? bnncl_masked(mask, x, y) : bnncl_masked(mask, y, x);
}

/* `negative` where x < 0, else `other`. */
static inline int32_t bnncl_by_sign(int32_t x, int32_t negative, int32_t other)
{
    return bnncl_masked(-(int32_t)((uint32_t)x >> 31), negative, other);
}

/* Whether work may be left out that `condition` makes useless. */
static inline int bnncl_may_skip(int condition)
{
    (void)condition;
    return 0;
}

/* `x` clipped into lo..hi. */
static inline int32_t bnncl_saturate32(int32_t x, int32_t lo, int32_t hi)
{
    return bnncl_extreme_of(bnncl_extreme_of(x, lo, 0), hi, 1);
}

/* The same for a number of 64 bits in two's complement: clipped into 32 bits first, the upper word being no more
 * than a sign where it fits these. */
static inline int32_t bnncl_clipped(uint64_t x, int32_t lo, int32_t hi)
{
    const uint32_t upper = (uint32_t)(x >> 32);
    const uint32_t lower = (uint32_t)(x & 0xFFFFFFFFu);
    const uint32_t differs = upper ^ bnncl_sign_mask(lower);
    const uint32_t wide = bnncl_sign_mask(differs | (0u - differs));
    const uint32_t end = 0x7FFFFFFFu ^ bnncl_sign_mask(upper);
    return bnncl_saturate32(bnncl_signed((lower & ~wide) | (end & wide)), lo, hi);
}

static inline int32_t bnncl_saturate(int64_t x, int32_t lo, int32_t hi)
{
    return bnncl_clipped((uint64_t)x, lo, hi);
}

#if defined(__thumb__) && !defined(__ARM_FEATURE_DSP)

/* The product, in two's complement, by halves: a multiplication of 64 bits is a function that branches on ARMv6-M,
 * and takes 3 to 5 cycles on the Cortex-M3. Products of halves fit 32 bits. */
static inline uint64_t bnncl_product(int32_t x, int32_t y)
{
    const int32_t x_upper = bnncl_shift_right_floor32(x, 16);
    const int32_t y_upper = bnncl_shift_right_floor32(y, 16);
    const int32_t x_lower = (int32_t)((uint32_t)x & 0xFFFFu);
    const int32_t y_lower = (int32_t)((uint32_t)y & 0xFFFFu);
    const int64_t middle = (int64_t)(x_upper * y_lower) + x_lower * y_upper;
    const uint32_t lower = (uint32_t)x_lower * (uint32_t)y_lower;
    const uint64_t upper = (uint64_t)(uint32_t)(x_upper * y_upper) << 32;
    return upper + ((uint64_t)middle << 16) + lower;
}

#else

/* The product, in two's complement. */
static inline uint64_t bnncl_product(int32_t x, int32_t y)
{
    return (uint64_t)((int64_t)x * y);
}

#endif

/* saturate(floor((q * multiplier + bias) / 2**shift)); |q * multiplier + bias| < 2**63, shift in 0..62. */
static inline int32_t bnncl_rescale_number(int32_t q, int32_t multiplier, int64_t bias, uint32_t shift,
                                           int32_t lo, int32_t hi)
{
    const uint64_t wide = bnncl_product(q, multiplier) + (uint64_t)bias;
    const uint64_t sign = 0u - (wide >> 63);
    return bnncl_clipped(((wide ^ sign) >> shift) ^ sign, lo, hi);
}

#endif
