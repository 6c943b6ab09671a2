/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_COLUMNS_H
#define BNNCL_INTERNAL_COLUMNS_H

#include "bnncl/bits.h"
#include "bnncl/fconv.h"
#include "bnncl/internal/dot_columns.h"
#include "bnncl/internal/sink.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* Convolution with a filter of 16 bits by columns: the pixels under a window are written one after another as
 * int16_t, taps on padding as zeros, and the filters of all channels run over that column. No partial sum leaves
 * the range that the compiler proved for the whole sum: leaving terms out of an interval sum that counts
 * each term from min(term, 0) to max(term, 0) stays in it. */

enum { BNNCL_COLUMNS_SUMS = 32 };

/* Writes `count` elements of the input from element `first` on as int16_t. */
typedef void (*bnncl_widen)(int16_t *to, const void *input, size_t first, size_t count);

/* What one convolution works on. */
typedef struct {
    const void *input;
    const uint32_t *filter;
    void *output;
    uint32_t *scratch; /* the column */
    const bnncl_bias *bias;
    const void *epilogue;
    const bnncl_window *window;
} bnncl_columns_call;

/* Writes the accumulators of channels first..first + count - 1, 32 of them unless they are the last. */
typedef void (*bnncl_columns_sink)(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                   uint32_t count, const int32_t *sums);

static inline int16_t *bnncl_column_zeros(int16_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *to++ = 0;
    }
    return to;
}

/* One filter row inside: zeros, the pixels under columns.first..columns.end - 1 from `pixel` on, zeros. */
static inline int16_t *bnncl_column_row(const bnncl_columns_call *call, bnncl_taps columns, size_t pixel,
                                        int16_t *to, bnncl_widen widen)
{
    const bnncl_window *window = call->window;
    const size_t channels = window->in_channels;
    const uint32_t run = window->dilation_w == 1 ? columns.end - columns.first : 1u;
    to = bnncl_column_zeros(to, columns.first * channels);
    for (uint32_t w = columns.first; w < columns.end; w += run) {
        widen(to, call->input, pixel * channels, run * channels);
        to += run * channels;
        pixel += window->dilation_w;
    }
    return bnncl_column_zeros(to, (window->filter_w - columns.end) * channels);
}

/* The column of one output pixel, filled up to whole words. */
static inline void bnncl_column_of(const bnncl_columns_call *call, bnncl_taps rows, bnncl_taps columns,
                                   bnncl_widen widen)
{
    const bnncl_window *window = call->window;
    const size_t row_elements = (size_t)window->filter_w * window->in_channels;
    int16_t *to = bnncl_column_zeros((int16_t *)call->scratch, rows.first * row_elements);
    for (uint32_t h = rows.first; h < rows.end; h++) {
        const size_t y = rows.start + (size_t)(h - rows.first) * window->dilation_h;
        to = bnncl_column_row(call, columns, y * window->in_w + columns.start, to, widen);
    }
    (void)bnncl_column_zeros(to, (window->filter_h - rows.end) * row_elements +
                                     window->filter_h * row_elements % 2u);
}

/* The whole convolution. */
static inline void bnncl_columns(const bnncl_columns_call *call, bnncl_widen widen, bnncl_columns_sink sink)
{
    const bnncl_window *window = call->window;
    const bnncl_bias *biases = call->bias;
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t words = (taps * window->in_channels + 1u) / 2u;
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        const size_t row_class = biases->row_class[y];
        for (uint32_t x = 0; x < window->out_w; x++) {
            const size_t border = row_class * biases->column_classes + biases->column_class[x];
            const int32_t *bias = biases->values + border * window->out_channels;
            const uint32_t *filter = call->filter;
            bnncl_column_of(call, rows, bnncl_columns_inside(window, x), widen);
            for (uint32_t o = 0; o < window->out_channels; o += BNNCL_COLUMNS_SUMS) {
                const uint32_t left = window->out_channels - o;
                const uint32_t count = left < BNNCL_COLUMNS_SUMS ? left : BNNCL_COLUMNS_SUMS;
                int32_t sums[BNNCL_COLUMNS_SUMS];
                bnncl_dot_columns(sums, call->scratch, filter, bias + o, words, count);
                sink(call, pixel, o, count, sums);
                filter += words * count;
            }
            pixel++;
        }
    }
}

static inline void bnncl_widen_u8(int16_t *to, const void *input, size_t first, size_t count)
{
    const uint8_t *from = (const uint8_t *)input + first;
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static inline void bnncl_widen_i8(int16_t *to, const void *input, size_t first, size_t count)
{
    const int8_t *from = (const int8_t *)input + first;
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static inline void bnncl_widen_i16(int16_t *to, const void *input, size_t first, size_t count)
{
    const int16_t *from = (const int16_t *)input + first;
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

/* Packed signs; the epilogue is a bnncl_steps. */
static inline void bnncl_columns_sign(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                      uint32_t count, const int32_t *sums)
{
    const bnncl_steps *steps = call->epilogue;
    const uint32_t channels = call->window->out_channels;
    const int32_t *at = steps->at + first;
    uint32_t word = steps->first[first / 32u];
    for (uint32_t s = 0; s < steps->count; s++) {
        for (uint32_t i = 0; i < count; i++) {
            word ^= (uint32_t)(sums[i] >= at[i]) << i;
        }
        at += channels;
    }
    ((uint32_t *)call->output)[pixel * bnncl_words(channels) + first / 32u] = word;
}

/* Rescaled integers of 8 or 16 bits; the epilogue is a bnncl_rescale. */
static inline void bnncl_columns_rescale(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                         uint32_t count, const int32_t *sums)
{
    for (uint32_t i = 0; i < count; i++) {
        bnncl_sink_rescale(call->epilogue, call->output, pixel, call->window->out_channels, first + i,
                           sums[i]);
    }
}

/* The accumulators themselves. */
static inline void bnncl_columns_i32(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                     uint32_t count, const int32_t *sums)
{
    int32_t *output = (int32_t *)call->output + pixel * call->window->out_channels + first;
    for (uint32_t i = 0; i < count; i++) {
        output[i] = sums[i];
    }
}

#endif
