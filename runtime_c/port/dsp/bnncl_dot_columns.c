/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/dot_columns.h"

#if defined(__ARM_FEATURE_SIMD32) && !defined(BNNCL_PURE_C)

#include <arm_acle.h>

/* bnncl_dot_columns for cores with SMLAD: two products in one instruction, four channels for each word of the
 * column. */
void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count)
{
    const uint32_t *const end = column + words;
    for (; count >= 4; count -= 4) {
        const uint32_t *a = filter;
        const uint32_t *b = a + words;
        const uint32_t *c = b + words;
        const uint32_t *d = c + words;
        int32_t sum_a = bias[0];
        int32_t sum_b = bias[1];
        int32_t sum_c = bias[2];
        int32_t sum_d = bias[3];
        for (const uint32_t *from = column; from < end; from++) {
            const int16x2_t pair = (int16x2_t)*from;
            sum_a = __smlad(pair, (int16x2_t)*a++, sum_a);
            sum_b = __smlad(pair, (int16x2_t)*b++, sum_b);
            sum_c = __smlad(pair, (int16x2_t)*c++, sum_c);
            sum_d = __smlad(pair, (int16x2_t)*d++, sum_d);
        }
        sums[0] = sum_a;
        sums[1] = sum_b;
        sums[2] = sum_c;
        sums[3] = sum_d;
        sums += 4;
        bias += 4;
        filter = d;
    }
    for (; count > 0; count--) {
        int32_t sum = *bias++;
        for (const uint32_t *from = column; from < end; from++) {
            sum = __smlad((int16x2_t)*from, (int16x2_t)*filter++, sum);
        }
        *sums++ = sum;
    }
}

#else

void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count)
{
    bnncl_dot_each(sums, column, filter, bias, words, count);
}

#endif
