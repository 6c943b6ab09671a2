/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/prelu.h"

void bnncl_prelu_i16(const int16_t *input, int16_t *output, const bnncl_prelu *restrict prelu,
                     uint32_t pixels, uint32_t channels)
{
    bnncl_prelu_each(input, output, prelu, pixels, channels, bnncl_load_i16, bnncl_store_i16);
}
