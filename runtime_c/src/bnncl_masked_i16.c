/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

void bnncl_masked_i16(const int16_t *x, const uint32_t *mask, int16_t *output, uint32_t pixels,
                      uint32_t channels)
{
    bnncl_masked_each(x, mask, output, pixels, channels, bnncl_load_i16, bnncl_store_i16);
}
