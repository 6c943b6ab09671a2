/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ELEMENTWISE_H
#define BNNCL_INTERNAL_ELEMENTWISE_H

#include "bnncl/internal/element.h"
#include "bnncl/internal/sink.h"

#include <stddef.h>
#include <stdint.h>

/* Sends every element through `sink`. */
static inline void bnncl_each(const void *input, void *output, const void *epilogue, uint32_t pixels,
                              uint32_t channels, bnncl_load load, bnncl_sink sink)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            sink(epilogue, output, pixel, channels, c, load(input, at));
            at++;
        }
    }
}

#endif
