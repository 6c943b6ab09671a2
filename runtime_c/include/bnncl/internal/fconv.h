/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FCONV_H
#define BNNCL_INTERNAL_FCONV_H

#include "bnncl/bits.h"
#include "bnncl/fconv.h"
#include "bnncl/internal/sink.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Convolution with an integer filter: for each output, the bias of the pixel's border class plus the sum of
 * x * w over the taps inside. No partial sum leaves the range that the compiler proved for the whole sum:
 * leaving terms out of an interval sum that counts each term from min(term, 0) to max(term, 0) stays in it. */

/* Adds the products of n elements to `acc`. */
typedef int32_t (*bnncl_dot)(int32_t acc, const void *x, const void *w, size_t n);

/* What one convolution works on; sizes in bytes. `dense` says that pixels follow each other without filler,
 * so that neighbouring taps are one run. `scratch` holds the pixels under one window. */
typedef struct {
    const void *input;
    const void *filter;
    void *output;
    void *scratch;
    const bnncl_bias *bias;
    const void *epilogue;
    const bnncl_window *window;
    size_t pixel_bytes;
    size_t weight_bytes;
    bool dense;
} bnncl_fconv_call;

/* The pixels under one window, gathered: `rows` times `runs` runs of `run` elements. In the filter the runs
 * of a row follow each other, and a row begins `row_weights` bytes behind the row before. */
typedef struct {
    uint32_t rows;
    uint32_t runs;
    size_t run;
    size_t run_bytes;
    size_t run_weights;
    size_t row_weights;
    size_t first_weight;
} bnncl_runs;

static inline const void *bnncl_bytes_at(const void *base, size_t bytes)
{
    return (const unsigned char *)base + bytes;
}

/* Copies the pixels under the taps inside, `rows` x `columns`, into the scratch. */
static inline void bnncl_fconv_gather(const bnncl_fconv_call *call, bnncl_taps rows, bnncl_taps columns)
{
    const bnncl_window *window = call->window;
    const bool together = window->dilation_w == 1;
    const uint32_t taps = together ? columns.end - columns.first : 1;
    const size_t bytes = taps * call->pixel_bytes;
    unsigned char *to = call->scratch;
    for (uint32_t h = rows.first; h < rows.end; h++) {
        const size_t y = rows.start + (size_t)(h - rows.first) * window->dilation_h;
        size_t pixel = y * window->in_w + columns.start;
        for (uint32_t w = columns.first; w < columns.end; w += taps) {
            memcpy(to, bnncl_bytes_at(call->input, pixel * call->pixel_bytes), bytes);
            to += bytes;
            pixel += window->dilation_w;
        }
    }
}

/* How the gathered pixels and the filter run alongside. */
static inline bnncl_runs bnncl_runs_of(const bnncl_fconv_call *call, bnncl_taps rows, bnncl_taps columns)
{
    const bnncl_window *window = call->window;
    const size_t tap_weights = window->in_channels * call->weight_bytes;
    const uint32_t taps = columns.end - columns.first;
    uint32_t merged = call->dense ? taps : 1;
    bnncl_runs runs;
    runs.rows = taps == 0 ? 0 : rows.end - rows.first;
    runs.runs = call->dense ? 1 : taps;
    runs.row_weights = window->filter_w * tap_weights;
    runs.first_weight = runs.rows == 0 ? 0 : rows.first * runs.row_weights + columns.first * tap_weights;
    if (call->dense && taps == window->filter_w && runs.rows > 0) {
        merged *= runs.rows;
        runs.rows = 1;
    }
    runs.run = (size_t)merged * window->in_channels;
    runs.run_bytes = merged * call->pixel_bytes;
    runs.run_weights = merged * tap_weights;
    return runs;
}

/* One accumulator: `filter` is the filter of one output channel. */
static inline int32_t bnncl_fconv_dot(const bnncl_runs *runs, const void *x, const void *filter, int32_t acc,
                                      bnncl_dot dot)
{
    const void *row = bnncl_bytes_at(filter, runs->first_weight);
    for (uint32_t i = 0; i < runs->rows; i++) {
        const void *w = row;
        for (uint32_t k = 0; k < runs->runs; k++) {
            acc = dot(acc, x, w, runs->run);
            x = bnncl_bytes_at(x, runs->run_bytes);
            w = bnncl_bytes_at(w, runs->run_weights);
        }
        row = bnncl_bytes_at(row, runs->row_weights);
    }
    return acc;
}

/* The whole convolution. */
static inline void bnncl_fconv(const bnncl_fconv_call *call, bnncl_dot dot, bnncl_sink sink)
{
    const bnncl_window *window = call->window;
    const bnncl_bias *biases = call->bias;
    const size_t one = (size_t)window->filter_h * window->filter_w * window->in_channels * call->weight_bytes;
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        const size_t row_class = biases->row_class[y];
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_taps columns = bnncl_columns_inside(window, x);
            const bnncl_runs runs = bnncl_runs_of(call, rows, columns);
            const size_t border = row_class * biases->column_classes + biases->column_class[x];
            const int32_t *bias = biases->values + border * window->out_channels;
            const void *filter = call->filter;
            bnncl_fconv_gather(call, rows, columns);
            for (uint32_t o = 0; o < window->out_channels; o++) {
                const int32_t acc = bnncl_fconv_dot(&runs, call->scratch, filter, bias[o], dot);
                sink(call->epilogue, call->output, pixel, window->out_channels, o, acc);
                filter = bnncl_bytes_at(filter, one);
            }
            pixel++;
        }
    }
}

#endif
