/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_DOT_COLUMNS_H
#define BNNCL_INTERNAL_DOT_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

/* sums[o] = bias[o] + the products of a column with the filter of channel o, for `count` channels. Both hold two
 * int16_t in a word, the first in the lower half; filters follow each other, `words` words each, words >= 1. */
void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count);

static inline int32_t bnncl_lower(uint32_t word)
{
    return (int16_t)(uint16_t)word;
}

static inline int32_t bnncl_upper(uint32_t word)
{
    return (int16_t)(uint16_t)(word >> 16);
}

/* The same in portable C. */
static inline void bnncl_dot_each(int32_t *sums, const uint32_t *column, const uint32_t *filter,
                                  const int32_t *bias, size_t words, size_t count)
{
    const int32_t *const end = sums + count;
    for (; sums + 2 <= end; sums += 2) {
        const uint32_t *const next = filter + words;
        int32_t first = *bias++;
        int32_t second = *bias++;
        for (size_t i = 0; i < words; i++) {
            const int32_t lower = bnncl_lower(column[i]);
            const int32_t upper = bnncl_upper(column[i]);
            first += lower * bnncl_lower(filter[i]);
            second += lower * bnncl_lower(next[i]);
            first += upper * bnncl_upper(filter[i]);
            second += upper * bnncl_upper(next[i]);
        }
        sums[0] = first;
        sums[1] = second;
        filter = next + words;
    }
    if (sums < end) {
        int32_t first = *bias;
        for (size_t i = 0; i < words; i++) {
            first += bnncl_lower(column[i]) * bnncl_lower(filter[i]);
            first += bnncl_upper(column[i]) * bnncl_upper(filter[i]);
        }
        *sums = first;
    }
}

#endif
