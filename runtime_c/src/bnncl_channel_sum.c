/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

#include <stddef.h>

/* Channel by channel, so that the sum stays in a register. */
void bnncl_channel_sum(const int16_t *restrict x, int32_t *restrict output, uint32_t pixels,
                       uint32_t channels)
{
    const size_t elements = (size_t)pixels * channels;
    for (uint32_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (size_t at = c; at < elements; at += channels) {
            sum += x[at];
        }
        output[c] = sum;
    }
}
