/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/step_columns.h"

uint32_t bnncl_step_columns(const uint32_t *column, const uint32_t *filter, const int32_t *bias, size_t words,
                            size_t blocks)
{
    return bnncl_step_each(column, filter, bias, words, blocks);
}
