/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

#include <stddef.h>

void bnncl_two_slopes_gradient_i8(const int16_t *restrict x, const int8_t *restrict of,
                                  const int16_t *restrict slope, const int16_t *restrict positive,
                                  int32_t *restrict output, uint32_t pixels, uint32_t channels)
{
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            output[c] = x[c] * (of[c] < 0 ? slope[c] : positive[c]);
        }
        x += channels;
        of += channels;
        output += channels;
    }
}
