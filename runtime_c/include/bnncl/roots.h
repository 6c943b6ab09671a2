/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_ROOTS_H
#define BNNCL_ROOTS_H

#include <stdint.h>

/* floor(sqrt(x)): one bit of the result after the other. */
static inline uint32_t bnncl_isqrt(uint32_t x)
{
    uint32_t root = 0;
    for (uint32_t bit = UINT32_C(1) << 30; bit != 0; bit >>= 2) {
        const uint32_t trial = root + bit;
        root >>= 1;
        if (x >= trial) {
            x -= trial;
            root += bit;
        }
    }
    return root;
}

/* numerator / divisor to nearest, halves up, |numerator| < 2**32 and 0 < divisor < 2**31. With m = |n| and
 * m = q * d + r: floor((2n + d) / 2d) is q + (2r >= d) for n >= 0 and -(q + (2r > d)) for n < 0. */
static inline int64_t bnncl_divide_round(int64_t numerator, uint32_t divisor)
{
    const uint32_t magnitude = (uint32_t)(numerator < 0 ? -numerator : numerator);
    const uint32_t quotient = magnitude / divisor;
    const uint32_t rest = magnitude % divisor;
    if (numerator < 0) {
        return -((int64_t)quotient + (rest > divisor - rest ? 1 : 0));
    }
    return (int64_t)quotient + (rest >= divisor - rest ? 1 : 0);
}

/* floor(numerator / divisor), divisor > 0; the rest goes to `rest` where that is not NULL. Bit by bit: the
 * division of 64 bits that compilers link in is large, and this one is called a few times a minibatch. */
uint64_t bnncl_learn_divide(uint64_t numerator, uint32_t divisor, uint32_t *rest);

/* sqrt(past / current) in units of 2**-8, at most 2**16 - 1; current > 0:
 * floor(sqrt(floor(past * 2**16 / current))), the quotient saturated to 32 bits. */
uint32_t bnncl_learn_weight_of_past(uint32_t past, uint32_t current);

#endif
