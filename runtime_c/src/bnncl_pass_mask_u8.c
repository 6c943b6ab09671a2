/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

void bnncl_pass_mask_u8(const uint8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                        const bnncl_pass *restrict pass, uint32_t pixels, uint32_t channels)
{
    bnncl_pass_each(x, offset, output, pass, pixels, channels, bnncl_load_u8);
}
