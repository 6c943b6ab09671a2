/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/prelu.h"

void bnncl_two_slopes_i16(const int16_t *input, int16_t *output, const bnncl_two_slopes *restrict slopes,
                          uint32_t pixels, uint32_t channels)
{
    bnncl_two_slopes_each(input, output, slopes, pixels, channels, bnncl_load_i16, bnncl_store_i16);
}
