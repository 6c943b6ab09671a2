/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

void bnncl_sum_exponent(const int32_t *restrict x, const int32_t *restrict y, int32_t *restrict output,
                        int32_t x_bias, int32_t y_bias)
{
    const int32_t of_x = *x + x_bias;
    const int32_t of_y = *y + y_bias;
    *output = of_x > of_y ? of_x : of_y;
}
