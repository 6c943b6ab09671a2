/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

#include <stddef.h>

void bnncl_slope_gradient_i8(const int16_t *restrict x, const int8_t *restrict of,
                             const int16_t *restrict slope, int32_t *restrict output, uint32_t shift,
                             uint32_t pixels, uint32_t channels)
{
    const int32_t above = INT32_C(1) << shift;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            output[c] = x[c] * (of[c] < 0 ? slope[c] : above);
        }
        x += channels;
        of += channels;
        output += channels;
    }
}
