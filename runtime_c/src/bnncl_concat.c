/* SPDX-License-Identifier: 0BSD */
#include "bnncl/concat.h"

#include <string.h>

void bnncl_concat(const void *restrict x, const void *restrict y, void *restrict output, uint32_t pixels,
                  uint32_t x_bytes, uint32_t y_bytes)
{
    const unsigned char *from_x = x;
    const unsigned char *from_y = y;
    unsigned char *to = output;
    for (uint32_t pixel = 0; pixel < pixels; pixel++) {
        memcpy(to, from_x, x_bytes);
        memcpy(to + x_bytes, from_y, y_bytes);
        from_x += x_bytes;
        from_y += y_bytes;
        to += x_bytes + y_bytes;
    }
}
