/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

#include <stddef.h>

void bnncl_channel_product(const int16_t *restrict x, const int16_t *restrict factor,
                           int32_t *restrict output, uint32_t pixels, uint32_t channels)
{
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            output[c] = x[c] * factor[c];
        }
        x += channels;
        output += channels;
    }
}
