/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/rows.h"
#include "bnncl/internal/transpose.h"

void bnncl_add_transposed(uint32_t words[16], uint32_t count, const int32_t *base, int32_t *sums)
{
    bnncl_transpose_far(words, count);
    bnncl_transpose_near(words, base, sums);
}
