/* SPDX-License-Identifier: 0BSD */
#include "bnncl/gradient.h"
#include "bnncl/update.h"

#include <stddef.h>

void bnncl_accumulate(int32_t *restrict acc, const int32_t *restrict x, const int32_t *restrict x_exponent,
                      int32_t exponent, int32_t limit, uint32_t count)
{
    const bnncl_shift shift = bnncl_shift_of(exponent - *x_exponent, limit);
    for (size_t i = 0; i < count; i++) {
        acc[i] += bnncl_shifted(&shift, x[i]);
    }
}
