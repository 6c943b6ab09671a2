/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

void bnncl_clamp_mask_i16(const int16_t *restrict x, uint32_t *restrict output, int32_t lo, int32_t hi,
                          uint32_t pixels, uint32_t channels)
{
    bnncl_clamp_each(x, output, lo, hi, pixels, channels, bnncl_load_i16);
}
