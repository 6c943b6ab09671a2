/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

void bnncl_masked_i32(const int32_t *x, const uint32_t *mask, int32_t *output, uint32_t pixels,
                      uint32_t channels)
{
    bnncl_masked_each(x, mask, output, pixels, channels, bnncl_load_i32, bnncl_store_i32);
}
