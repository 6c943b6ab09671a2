/* SPDX-License-Identifier: 0BSD */
#include "bnncl/select.h"

#include <string.h>

void bnncl_select(const void *restrict input, void *restrict output, uint32_t pixels, uint32_t input_bytes,
                  uint32_t first, uint32_t bytes)
{
    const unsigned char *from = (const unsigned char *)input + first;
    unsigned char *to = output;
    for (uint32_t pixel = 0; pixel < pixels; pixel++) {
        memcpy(to, from, bytes);
        from += input_bytes;
        to += bytes;
    }
}
