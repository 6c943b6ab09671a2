/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

void bnncl_channel_dot_u8(const int16_t *restrict x, const uint8_t *restrict y, int32_t *restrict output,
                          const bnncl_channel_dot *restrict dot, uint32_t pixels, uint32_t channels)
{
    bnncl_dot_each(x, y, output, dot, pixels, channels, bnncl_load_u8);
}
