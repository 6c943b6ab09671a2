/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_WINDOW_H
#define BNNCL_INTERNAL_WINDOW_H

#include "bnncl/types.h"

#include <stdint.h>

/* The taps first..end-1 of one axis that fall on the input; `start` is the input position of `first`. */
typedef struct {
    uint32_t first;
    uint32_t end;
    uint32_t start;
} bnncl_taps;

/* The taps inside for output position `out`; positions count from the padded border, so that none is
 * negative: tap t stands at out * stride + t * dilation and is inside from pad to pad + size - 1. */
static inline bnncl_taps bnncl_taps_inside(uint32_t out, uint32_t stride, uint32_t pad, uint32_t dilation,
                                           uint32_t filter, uint32_t size)
{
    bnncl_taps taps = {0, 0, 0};
    uint32_t position = out * stride;
    while (taps.first < filter && position < pad) {
        position += dilation;
        taps.first++;
    }
    taps.start = position - pad;
    taps.end = taps.first;
    while (taps.end < filter && position < pad + size) {
        position += dilation;
        taps.end++;
    }
    return taps;
}

/* The filter rows inside for output row `y`. */
static inline bnncl_taps bnncl_rows_inside(const bnncl_window *window, uint32_t y)
{
    return bnncl_taps_inside(y, window->stride_h, window->pad_top, window->dilation_h, window->filter_h,
                             window->in_h);
}

/* The filter columns inside for output column `x`. */
static inline bnncl_taps bnncl_columns_inside(const bnncl_window *window, uint32_t x)
{
    return bnncl_taps_inside(x, window->stride_w, window->pad_left, window->dilation_w, window->filter_w,
                             window->in_w);
}

#endif
