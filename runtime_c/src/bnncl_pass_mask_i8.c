/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

#include <stddef.h>

/* As bnncl_mask_each, with an offset. */
void bnncl_pass_mask_i8(const int8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                        const bnncl_pass *restrict pass, uint32_t pixels, uint32_t channels)
{
    const int32_t factor = INT32_C(1) << pass->shift;
    const int32_t lo = pass->lo;
    const int32_t hi = pass->hi;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            const int16_t *of = offset + start;
            uint32_t word = 0;
            for (uint32_t left = count; left > 0; left--) {
                const int32_t number = x[left - 1u] * factor + of[left - 1u];
                word = (word << 1) | bnncl_outside(number, lo, hi);
            }
            *output = word;
            output++;
            x += count;
        }
    }
}
