/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FCONV_H
#define BNNCL_INTERNAL_FCONV_H

#include "bnncl/bits.h"
#include "bnncl/internal/sink.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Convolution with an integer filter: for each output, the bias of the pixel's border class plus the sum of
 * x * w over the taps inside. No partial sum leaves the range that the compiler proved for the whole sum:
 * leaving terms out of an interval sum that counts each term from min(term, 0) to max(term, 0) stays in it. */

/* Adds the products of n elements to `acc`. */
typedef int32_t (*bnncl_dot)(int32_t acc, const void *x, const void *w, size_t n);

/* What one convolution works on; sizes in bytes. `dense` says that pixels follow each other without filler,
 * so that neighbouring taps of a row are one run. */
typedef struct {
    const void *input;
    const void *filter;
    const int32_t *bias;
    void *output;
    const void *epilogue;
    const bnncl_border *border;
    const bnncl_window *window;
    size_t pixel_bytes;
    size_t weight_bytes;
    bool dense;
} bnncl_fconv_call;

static inline const void *bnncl_bytes_at(const void *base, size_t bytes)
{
    return (const unsigned char *)base + bytes;
}

/* One accumulator: the taps inside are `rows` x `columns`; `filter` is the filter of one output channel. */
static inline int32_t bnncl_fconv_dot(const bnncl_fconv_call *call, const void *filter, int32_t acc,
                                      bnncl_taps rows, bnncl_taps columns, bnncl_dot dot)
{
    const bnncl_window *window = call->window;
    const size_t tap_bytes = window->in_channels * call->weight_bytes;
    const bool merge = call->dense && window->dilation_w == 1;
    const uint32_t taps = merge ? columns.end - columns.first : 1;
    const size_t run = (size_t)taps * window->in_channels;
    for (uint32_t h = rows.first; h < rows.end; h++) {
        const size_t y = rows.start + (size_t)(h - rows.first) * window->dilation_h;
        size_t pixel = y * window->in_w + columns.start;
        for (uint32_t w = columns.first; w < columns.end; w += taps) {
            const size_t tap = (size_t)h * window->filter_w + w;
            acc = dot(acc, bnncl_bytes_at(call->input, pixel * call->pixel_bytes),
                      bnncl_bytes_at(filter, tap * tap_bytes), run);
            pixel += window->dilation_w;
        }
    }
    return acc;
}

/* The whole convolution. */
static inline void bnncl_fconv(const bnncl_fconv_call *call, bnncl_dot dot, bnncl_sink sink)
{
    const bnncl_window *window = call->window;
    const size_t one = (size_t)window->filter_h * window->filter_w * window->in_channels * call->weight_bytes;
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        const size_t row_class = call->border->row_class[y];
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_taps columns = bnncl_columns_inside(window, x);
            const size_t border = row_class * call->border->column_classes + call->border->column_class[x];
            const int32_t *bias = call->bias + border * window->out_channels;
            for (uint32_t o = 0; o < window->out_channels; o++) {
                const int32_t acc =
                    bnncl_fconv_dot(call, bnncl_bytes_at(call->filter, o * one), bias[o], rows, columns, dot);
                sink(call->epilogue, call->output, pixel, window->out_channels, o, acc);
            }
            pixel++;
        }
    }
}

#endif
