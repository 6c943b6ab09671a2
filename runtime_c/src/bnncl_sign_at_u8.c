/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

void bnncl_sign_at_u8(const uint8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                      uint32_t shift, uint32_t pixels, uint32_t channels)
{
    bnncl_sign_each(x, offset, output, shift, pixels, channels, bnncl_load_u8);
}
