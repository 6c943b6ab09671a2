/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/gradient.h"

#include <stddef.h>

void bnncl_aligned_sum(const int16_t *restrict x, const int32_t *restrict x_exponent,
                       const int16_t *restrict y, const int32_t *restrict y_exponent,
                       const int32_t *restrict exponent, int32_t *restrict output,
                       const bnncl_sum *restrict sum)
{
    const int32_t limit = INT32_C(1) << 29;
    const bnncl_shift of_x = bnncl_shift_of(*exponent - *x_exponent - sum->x_bias, limit);
    const bnncl_shift of_y = bnncl_shift_of(*exponent - *y_exponent - sum->y_bias, limit);
    for (size_t i = 0; i < sum->count; i++) {
        output[i] = bnncl_shifted(&of_x, x[i]) + bnncl_shifted(&of_y, y[i]);
    }
}
