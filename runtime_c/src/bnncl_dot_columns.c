/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/dot_columns.h"

void bnncl_dot_columns(int32_t *sums, const uint32_t *column, const uint32_t *filter, const int32_t *bias,
                       size_t words, size_t count)
{
    bnncl_dot_each(sums, column, filter, bias, words, count);
}
