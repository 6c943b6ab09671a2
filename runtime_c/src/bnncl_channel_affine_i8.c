/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

void bnncl_channel_affine_i8(const int8_t *x, const int16_t *scale, const int16_t *offset, int8_t *output,
                             const bnncl_channel_affine *restrict affine, uint32_t pixels, uint32_t channels)
{
    bnncl_affine_each(x, scale, offset, output, affine, pixels, channels, bnncl_load_i8);
}
