/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_FIXED_H
#define BNNCL_FIXED_H

#include <stdint.h>

/* Projects of constant time have the one of port/constant_time in its place, which does not branch by numbers. */

/* floor(x / 2**shift), shift in 0..62.
 *
 * C leaves >> of a negative number to the compiler. For x < 0, ~x = -x - 1 is not negative and
 * floor(x / 2**s) = -1 - floor((-x - 1) / 2**s) = ~(~x >> s). */
static inline int64_t bnncl_shift_right_floor(int64_t x, uint32_t shift)
{
    return x < 0 ? ~(~x >> shift) : x >> shift;
}

/* floor(x / 2**32). */
static inline int32_t bnncl_upper_word(int64_t x)
{
    const uint32_t upper = (uint32_t)((uint64_t)x >> 32);
    return upper <= INT32_MAX ? (int32_t)upper : ~(int32_t)~upper;
}

/* floor(x / 2**shift), shift in 0..30. */
static inline int32_t bnncl_shift_right_floor32(int32_t x, uint32_t shift)
{
    return x < 0 ? ~(~x >> shift) : x >> shift;
}

/* `x` clipped into lo..hi. */
static inline int32_t bnncl_saturate(int64_t x, int32_t lo, int32_t hi)
{
    if (x < lo) {
        return lo;
    }
    return x > hi ? hi : (int32_t)x;
}

/* The same for 32 bits. */
static inline int32_t bnncl_saturate32(int32_t x, int32_t lo, int32_t hi)
{
    if (x < lo) {
        return lo;
    }
    return x > hi ? hi : x;
}

/* The larger number, or the smaller one where `minimum` holds; the first of equals. */
static inline int32_t bnncl_extreme_of(int32_t x, int32_t y, int minimum)
{
    if (minimum ? y < x : y > x) {
        return y;
    }
    return x;
}

/* `negative` where x < 0, else `other`. */
static inline int32_t bnncl_by_sign(int32_t x, int32_t negative, int32_t other)
{
    return x < 0 ? negative : other;
}

/* Whether work may be left out that `condition` makes useless. */
static inline int bnncl_may_skip(int condition)
{
    return condition;
}

/* saturate(floor((q * multiplier + bias) / 2**shift)); |q * multiplier + bias| < 2**63, shift in 0..62. */
static inline int32_t bnncl_rescale_number(int32_t q, int32_t multiplier, int64_t bias, uint32_t shift,
                                           int32_t lo, int32_t hi)
{
    const int64_t wide = (int64_t)q * multiplier + bias;
    return bnncl_saturate(bnncl_shift_right_floor(wide, shift), lo, hi);
}

#endif
