/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_STEP_COLUMNS_H
#define BNNCL_INTERNAL_STEP_COLUMNS_H

#include "bnncl/internal/dot_columns.h"

#include <stddef.h>
#include <stdint.h>

/* Which of `blocks` * 4 sums, 1..8 blocks, are below 0: bit i says it of sum i, bits beyond are 0. A sum is bias[i]
 * and the products of a column with the filter of channel i. The column holds two int16_t in a word, the first in
 * the lower half; `filter` holds for each block and each of `words` words of the column four words, one for each
 * channel; words >= 1. */
uint32_t bnncl_step_columns(const uint32_t *column, const uint32_t *filter, const int32_t *bias, size_t words,
                            size_t blocks);

/* The same in portable C. */
static inline uint32_t bnncl_step_each(const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                                       size_t words, size_t blocks)
{
    const uint32_t *const end = column + words;
    uint32_t below = 0;
    for (size_t block = 0; block < blocks; block++) {
        int32_t first = bias[0];
        int32_t second = bias[1];
        int32_t third = bias[2];
        int32_t fourth = bias[3];
        for (const uint32_t *from = column; from < end; from++) {
            const int32_t lower = bnncl_lower(*from);
            const int32_t upper = bnncl_upper(*from);
            first += lower * bnncl_lower(filter[0]);
            second += lower * bnncl_lower(filter[1]);
            third += lower * bnncl_lower(filter[2]);
            fourth += lower * bnncl_lower(filter[3]);
            first += upper * bnncl_upper(filter[0]);
            second += upper * bnncl_upper(filter[1]);
            third += upper * bnncl_upper(filter[2]);
            fourth += upper * bnncl_upper(filter[3]);
            filter += 4;
        }
        bias += 4;
        below >>= 4;
        below |= ((uint32_t)first & 0x80000000u) >> 3;
        below |= ((uint32_t)second & 0x80000000u) >> 2;
        below |= ((uint32_t)third & 0x80000000u) >> 1;
        below |= (uint32_t)fourth & 0x80000000u;
    }
    return below >> (32u - 4u * (uint32_t)blocks);
}

#endif
