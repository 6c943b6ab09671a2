/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/prelu.h"

void bnncl_prelu_i8(const int8_t *input, int8_t *output, const bnncl_prelu *restrict prelu, uint32_t pixels,
                    uint32_t channels)
{
    bnncl_prelu_each(input, output, prelu, pixels, channels, bnncl_load_i8, bnncl_store_i8);
}
