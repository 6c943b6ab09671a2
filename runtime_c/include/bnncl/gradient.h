/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_GRADIENT_H
#define BNNCL_GRADIENT_H

#include "bnncl/fixed.h"

#include <stdint.h>

/* Fixed-point arithmetic of gradients: mantissas that share an exponent stand for m * 2**exponent. All of it takes
 * 32 bits. */

/* How numbers are divided by 2**shift: prepared once for a tensor, whose numbers share the shift. */
typedef struct {
    int32_t limit;  /* results lie within -limit..limit */
    int32_t most;   /* largest number whose multiple is within limit; where right is 0 */
    int32_t factor; /* what numbers are multiplied with; where right is 0 */
    uint32_t right; /* 1..31: bits that numbers lose; 0: they are multiplied */
} bnncl_shift;

/* The quotient x / 2**shift to nearest, halves up, within -limit..limit; a negative shift multiplies. From a shift of
 * 32 on the result is 0: that is one of 31 with no room. One of less than -31 counts as -31: then only 0 has a
 * multiple within any limit. limit is not negative. */
static inline bnncl_shift bnncl_shift_of(int32_t shift, int32_t limit)
{
    bnncl_shift made = {limit, 0, 0, 0};
    if (shift > 31) {
        made.limit = 0;
        made.right = 31;
    } else if (shift > 0) {
        made.right = (uint32_t)shift;
    } else if (shift > -31) {
        made.most = limit >> (uint32_t)-shift;
        made.factor = INT32_C(1) << (uint32_t)-shift;
    }
    return made;
}

/* The quotient to nearest for a shift of 1 or more. floor((x + half) / 2**right) is the half of
 * floor(x / 2**(right - 1)), halves up; taken in two steps no sum overflows. */
static inline int32_t bnncl_shifted_right(const bnncl_shift *shift, int32_t x)
{
    const int32_t doubled = bnncl_shift_right_floor32(x, shift->right - 1u);
    const int32_t rounded = bnncl_shift_right_floor32(doubled, 1) + (doubled & 1);
    return bnncl_saturate32(rounded, -shift->limit, shift->limit);
}

/* The multiple for a shift of 0 or less. */
static inline int32_t bnncl_shifted_left(const bnncl_shift *shift, int32_t x)
{
    if (x > shift->most) {
        return shift->limit;
    }
    return x < -shift->most ? -shift->limit : x * shift->factor;
}

/* Either. */
static inline int32_t bnncl_shifted(const bnncl_shift *shift, int32_t x)
{
    return shift->right != 0 ? bnncl_shifted_right(shift, x) : bnncl_shifted_left(shift, x);
}

/* The magnitude of `x`, that of INT32_MIN included. */
static inline uint32_t bnncl_magnitude(int32_t x)
{
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* Bits of `x`, 0 for 0: 5 comparisons. */
static inline uint32_t bnncl_bit_length(uint32_t x)
{
    uint32_t bits = 0;
    for (uint32_t step = 16; step > 0; step /= 2u) {
        if (x >> step != 0) {
            x >>= step;
            bits += step;
        }
    }
    return bits + x;
}

#endif
