/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/dot_columns.h"

#if defined(__ARM_FEATURE_MVE) && !defined(BNNCL_PURE_C)

#include <arm_mve.h>

/* Eight numbers of a vector, those from number `left` on as 0. */
static inline int16x8_t bnncl_numbers(const uint32_t *words, size_t left)
{
    return vldrhq_z_s16((const int16_t *)words, vctp16q((uint32_t)left));
}

/* bnncl_dot_columns for cores with MVE: eight products in one instruction, four channels for each vector of the
 * column. */
void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count)
{
    const size_t whole = words / 4u * 4u;
    const size_t left = 2u * (words - whole);
    for (; count >= 4; count -= 4) {
        int32_t first = bias[0];
        int32_t second = bias[1];
        int32_t third = bias[2];
        int32_t fourth = bias[3];
        for (size_t i = 0; i < whole; i += 4) {
            const int16x8_t numbers = vldrhq_s16((const int16_t *)(column + i));
            const uint32_t *from = filter + i;
            first = vmladavaq_s16(first, numbers, vldrhq_s16((const int16_t *)from));
            from += words;
            second = vmladavaq_s16(second, numbers, vldrhq_s16((const int16_t *)from));
            from += words;
            third = vmladavaq_s16(third, numbers, vldrhq_s16((const int16_t *)from));
            from += words;
            fourth = vmladavaq_s16(fourth, numbers, vldrhq_s16((const int16_t *)from));
        }
        if (left > 0) {
            const int16x8_t numbers = bnncl_numbers(column + whole, left);
            const uint32_t *from = filter + whole;
            first = vmladavaq_s16(first, numbers, bnncl_numbers(from, left));
            from += words;
            second = vmladavaq_s16(second, numbers, bnncl_numbers(from, left));
            from += words;
            third = vmladavaq_s16(third, numbers, bnncl_numbers(from, left));
            from += words;
            fourth = vmladavaq_s16(fourth, numbers, bnncl_numbers(from, left));
        }
        sums[0] = first;
        sums[1] = second;
        sums[2] = third;
        sums[3] = fourth;
        sums += 4;
        bias += 4;
        filter += 4u * words;
    }
    for (; count > 0; count--) {
        int32_t sum = *bias++;
        for (size_t i = 0; i < words; i += 4) {
            const size_t rest = 2u * (words - i);
            sum = vmladavaq_s16(sum, bnncl_numbers(column + i, rest), bnncl_numbers(filter + i, rest));
        }
        *sums++ = sum;
        filter += words;
    }
}

#else

void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count)
{
    bnncl_dot_each(sums, column, filter, bias, words, count);
}

#endif
