/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/prelu.h"

void bnncl_two_slopes_i8(const int8_t *input, int8_t *output, const bnncl_two_slopes *restrict slopes,
                         uint32_t pixels, uint32_t channels)
{
    bnncl_two_slopes_each(input, output, slopes, pixels, channels, bnncl_load_i8, bnncl_store_i8);
}
