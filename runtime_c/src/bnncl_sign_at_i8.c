/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"

#include <stddef.h>

/* The sign bit of each number, words from their last channel on. */
void bnncl_sign_at_i8(const int8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                      uint32_t shift, uint32_t pixels, uint32_t channels)
{
    const int32_t factor = INT32_C(1) << shift;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            const int16_t *of = offset + start;
            uint32_t word = 0;
            for (uint32_t left = count; left > 0; left--) {
                const int32_t number = x[left - 1u] * factor + of[left - 1u];
                word = (word << 1) | ((uint32_t)number >> 31);
            }
            *output = word;
            output++;
            x += count;
        }
    }
}
