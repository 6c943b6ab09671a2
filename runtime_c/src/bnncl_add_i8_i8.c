/* SPDX-License-Identifier: 0BSD */
#include "bnncl/add.h"
#include "bnncl/internal/add.h"

void bnncl_add_i8_i8(const int8_t *x, const int8_t *y, int8_t *output, const bnncl_add *restrict add,
                     uint32_t pixels, uint32_t channels)
{
    bnncl_add_each(x, y, output, add, pixels, channels, bnncl_load_i8, bnncl_load_i8, bnncl_store_i8);
}
