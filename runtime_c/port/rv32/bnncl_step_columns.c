/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/step_columns.h"

#if defined(__riscv) && !defined(BNNCL_PURE_C)

/* Numbers that are stored two in a word, one by one: a load extends the sign. */
typedef int16_t bnncl_number __attribute__((may_alias));

uint32_t bnncl_step_columns(const uint32_t *column, const uint32_t *filter, const int32_t *bias, size_t words,
                            size_t blocks)
{
    const bnncl_number *weight = (const bnncl_number *)filter;
    const bnncl_number *const start = (const bnncl_number *)column;
    const bnncl_number *const end = start + 2 * words;
    uint32_t below = 0;
    for (size_t block = 0; block < blocks; block++) {
        int32_t first = bias[0];
        int32_t second = bias[1];
        int32_t third = bias[2];
        int32_t fourth = bias[3];
        for (const bnncl_number *from = start; from < end; from += 2) {
            first += from[0] * weight[0];
            first += from[1] * weight[1];
            second += from[0] * weight[2];
            second += from[1] * weight[3];
            third += from[0] * weight[4];
            third += from[1] * weight[5];
            fourth += from[0] * weight[6];
            fourth += from[1] * weight[7];
            weight += 8;
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

#else

uint32_t bnncl_step_columns(const uint32_t *column, const uint32_t *filter, const int32_t *bias, size_t words,
                            size_t blocks)
{
    return bnncl_step_each(column, filter, bias, words, blocks);
}

#endif
