/* SPDX-License-Identifier: 0BSD */
#include "bnncl/forward.h"

#include <stddef.h>

/* The height of the tent is at most 2**14. */
void bnncl_tent_slope_i8(const int8_t *restrict x, const int16_t *restrict offset, uint8_t *restrict output,
                         uint32_t shift, uint32_t one, uint32_t pixels, uint32_t channels)
{
    const int32_t factor = INT32_C(1) << shift;
    const int32_t top = INT32_C(1) << one;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t number = x[c] * factor + offset[c];
            const int32_t height = top - (number < 0 ? -number : number);
            const uint32_t slope = height > 0 ? ((uint32_t)height << 7) >> one : 0;
            output[c] = (uint8_t)(slope < 127u ? slope : 127u);
        }
        x += channels;
        output += channels;
    }
}
