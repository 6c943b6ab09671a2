/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_NARROW_SUM_H
#define BNNCL_INTERNAL_NARROW_SUM_H

#include "bnncl/filter.h"
#include "bnncl/fixed.h"
#include "bnncl/gradient.h"

#include <stdbool.h>
#include <stdint.h>

/* How what a block of positions adds up to, x of less than 2**30, is brought to the exponent of a sum in int16. Counted
 * from -2**30 it is not negative, so that the shift is one of numbers without sign:
 * floor((x + half) / 2**right) = ((x + half + 2**30) >> right) - 2**(30 - right). */
typedef struct {
    bnncl_shift shift; /* where right is 0 */
    uint32_t offset;   /* 2**30 + half */
    uint32_t right;    /* 1..30: bits that numbers lose; 0: they are multiplied */
    int32_t base;
    int32_t limit; /* of the sum: 1..2**15 - 1 */
    bool adds;     /* false: all numbers become 0 */
} bnncl_narrowing;

static inline bnncl_narrowing bnncl_narrowing_of(const bnncl_alignment *alignment, int32_t exponent)
{
    const int32_t shift = alignment->exponent - exponent;
    bnncl_narrowing made;
    made.shift = bnncl_shift_of(shift, INT32_C(1) << 30);
    made.right = shift > 0 && shift <= 30 ? (uint32_t)shift : 0u;
    made.offset = (UINT32_C(1) << 30) + (UINT32_C(1) << made.right) / 2u;
    made.base = INT32_C(1) << (30u - made.right);
    made.limit = alignment->limit;
    made.adds = shift <= 30;
    return made;
}

/* Adds to a sum the number that is `made` less offset, modulo 2**32. */
static inline int16_t bnncl_narrow_sum(int16_t sum, uint32_t made, const bnncl_narrowing *by)
{
    const int32_t added = by->right != 0 ? (int32_t)(made >> by->right) - by->base
                                         : bnncl_shifted_left(&by->shift, (int32_t)made - by->base);
    return (int16_t)bnncl_saturate32(sum + added, -by->limit, by->limit);
}

#endif
