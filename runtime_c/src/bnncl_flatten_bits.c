/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"

/* `held` has the `filled` bits, fewer than 32, that wait for a full word. */
void bnncl_flatten_bits(const uint32_t *restrict input, uint32_t *restrict output, uint32_t pixels,
                        uint32_t channels)
{
    uint32_t held = 0;
    uint32_t filled = 0;
    for (uint32_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t left = channels; left > 0;) {
            const uint32_t count = left < 32 ? left : 32;
            const uint32_t word = *input++;
            held |= word << filled;
            filled += count;
            if (filled >= 32) {
                filled -= 32;
                *output++ = held;
                held = filled == 0 ? 0 : word >> (count - filled);
            }
            left -= count;
        }
    }
    if (filled > 0) {
        *output = held;
    }
}
