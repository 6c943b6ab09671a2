/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

void bnncl_block_exponent_i16(const int16_t *restrict x, const int32_t *restrict x_exponent,
                              int32_t *restrict output, int32_t bias, uint32_t count)
{
    *output = bnncl_exponent_of(x, *x_exponent, bias, count, bnncl_load_i16);
}
