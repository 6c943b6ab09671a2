/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

#include <stddef.h>

void bnncl_product_u8(const int16_t *restrict x, const uint8_t *restrict y, int32_t *restrict output,
                      uint32_t count)
{
    for (size_t i = 0; i < count; i++) {
        output[i] = x[i] * y[i];
    }
}
