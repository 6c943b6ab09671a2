/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_SOFTMAX_H
#define BNNCL_SOFTMAX_H

#include "bnncl/fixed.h"

#include <stdint.h>

/* A probability of 1. */
#define BNNCL_PROBABILITY_ONE 32768

/* Bits of the fraction of an exponent, and the largest exponent that is told from still larger ones. */
#define BNNCL_EXPONENT_BITS 10
#define BNNCL_EXPONENT_MAX (31u << BNNCL_EXPONENT_BITS)

/* 2**-(t / 2**10) in units of 2**-15, 0 <= t <= BNNCL_EXPONENT_MAX; the result is at most 2**15.
 *
 * The fraction x is taken by 1 - 0.67157 x + 0.17157 x**2, exact at 0, 1/2 and 1 and off by less than 0.33 %
 * between; the integer part is a shift. floor(5622 x**2 / 2**20) is computed as floor(2811 x**2 / 2**19):
 * 2811 * 1023**2 < 2**32. */
static inline uint32_t bnncl_exp2_negative(uint32_t t)
{
    const uint32_t x = t & ((1u << BNNCL_EXPONENT_BITS) - 1u);
    const uint32_t linear = (22006u * x) >> BNNCL_EXPONENT_BITS;
    const uint32_t square = (2811u * (x * x)) >> (2 * BNNCL_EXPONENT_BITS - 1);
    return (BNNCL_PROBABILITY_ONE - linear + square) >> (t >> BNNCL_EXPONENT_BITS);
}

/* dLoss/dlogit of the cross-entropy in `bits` bits, 2..16: `difference` is p - onehot in units of 2**-15,
 * -2**15..2**15; the result is in units of 2**-(bits-1), saturated. */
static inline int32_t bnncl_logit_gradient(int32_t difference, uint32_t bits)
{
    const uint32_t drop = 16u - bits;
    const int32_t top = (INT32_C(1) << (bits - 1u)) - 1;
    const int32_t half = drop > 0 ? INT32_C(1) << (drop - 1u) : 0;
    return bnncl_saturate(bnncl_shift_right_floor32(difference + half, drop), -top - 1, top);
}

/* Probabilities of the active classes, in units of 2**-15; the others get 0.
 *   values   [classes], logits before, probabilities after
 *   active   [classes], nonzero for the classes that take part; at least one; classes <= 2**16
 * A difference of logits d stands for d * multiplier / 2**shift in units of 2**-10 of a factor of 2, that is
 * of ln(2) / 1024; shift in 1..62, and d * multiplier + 2**(shift - 1) < 2**64 for the largest difference. */
void bnncl_learn_softmax(int32_t *restrict values, const uint32_t *restrict active, uint32_t classes,
                         uint32_t multiplier, uint32_t shift);

#endif
