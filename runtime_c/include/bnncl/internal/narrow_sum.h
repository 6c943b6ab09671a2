/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_NARROW_SUM_H
#define BNNCL_INTERNAL_NARROW_SUM_H

#include "bnncl/filter.h"
#include "bnncl/fixed.h"
#include "bnncl/gradient.h"

#include <stddef.h>
#include <stdint.h>

/* How what a block of positions adds up to is brought to the exponent of a sum in int16. */
typedef struct {
    bnncl_shift shift;
    int32_t limit; /* of the sum: 1..2**15 - 1 */
} bnncl_narrowing;

static inline bnncl_narrowing bnncl_narrowing_of(const bnncl_alignment *alignment, int32_t exponent)
{
    bnncl_narrowing made;
    made.shift = bnncl_shift_of(alignment->exponent - exponent, alignment->limit);
    made.limit = alignment->limit;
    return made;
}

/* Adds to each of `count` sums the number of the same place. */
static inline void bnncl_add_narrow(int16_t *sums, const int32_t *numbers, size_t count,
                                    const bnncl_narrowing *by)
{
    const bnncl_shift shift = by->shift;
    const int32_t limit = by->limit;
    if (shift.right != 0) {
        for (size_t i = 0; i < count; i++) {
            const int32_t sum = sums[i] + bnncl_shifted_right(&shift, numbers[i]);
            sums[i] = (int16_t)bnncl_saturate32(sum, -limit, limit);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            const int32_t sum = sums[i] + bnncl_shifted_left(&shift, numbers[i]);
            sums[i] = (int16_t)bnncl_saturate32(sum, -limit, limit);
        }
    }
}

#endif
