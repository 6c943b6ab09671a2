/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_COLUMNS_H
#define BNNCL_INTERNAL_COLUMNS_H

#include "bnncl/fconv.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Convolution with a filter of 16 bits by columns: the pixels under a window are written one after another as
 * int16_t, taps on padding as zeros, and the filters of all channels run over that column. No partial sum leaves
 * the range that the compiler proved for the whole sum: leaving terms out of an interval sum that counts
 * each term from min(term, 0) to max(term, 0) stays in it. */

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

static inline int16_t *bnncl_column_zeros(int16_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *to++ = 0;
    }
    return to;
}

/* Where the columns of one output row come from. */
typedef struct {
    size_t first;       /* element of the map under filter row 0 of those inside, at the map's left edge */
    size_t row_step;    /* elements of the map from filter row to filter row */
    size_t row_numbers; /* of a filter row */
    uint32_t rows;      /* inside */
    size_t above;       /* numbers of the filter rows above the map */
    size_t below;       /* numbers of the filter rows below it, and what fills the last word up */
} bnncl_columns_line;

static inline bnncl_columns_line bnncl_columns_line_at(const bnncl_window *window, uint32_t y)
{
    const bnncl_taps rows = bnncl_rows_inside(window, y);
    const size_t row = (size_t)window->in_w * window->in_channels;
    bnncl_columns_line line;
    line.first = rows.start * row;
    line.row_step = window->dilation_h * row;
    line.row_numbers = (size_t)window->filter_w * window->in_channels;
    line.rows = rows.end - rows.first;
    line.above = rows.first * line.row_numbers;
    line.below = (window->filter_h - rows.end) * line.row_numbers + window->filter_h * line.row_numbers % 2u;
    return line;
}

/* The column under a window that covers `row_numbers` elements from column x * in_channels = `at` on. */
static inline void bnncl_column_inside(const bnncl_columns_call *call, const bnncl_columns_line *line,
                                       size_t at, bnncl_widen widen)
{
    const size_t numbers = line->row_numbers;
    size_t first = line->first + at;
    int16_t *to = (int16_t *)call->scratch;
    if (line->above > 0) {
        to = bnncl_column_zeros(to, line->above);
    }
    for (uint32_t left = line->rows; left > 0; left--) {
        widen(to, call->input, first, numbers);
        to += numbers;
        first += line->row_step;
    }
    if (line->below == 1) {
        *to = 0;
    } else if (line->below > 0) {
        (void)bnncl_column_zeros(to, line->below);
    }
}

/* The same where taps fall beside the map or are not next to each other. */
static inline void bnncl_column_across(const bnncl_columns_call *call, const bnncl_columns_line *line,
                                       uint32_t x, bnncl_widen widen)
{
    const bnncl_window *window = call->window;
    const bnncl_taps columns = bnncl_columns_inside(window, x);
    const size_t channels = window->in_channels;
    size_t row = line->first;
    int16_t *to = bnncl_column_zeros((int16_t *)call->scratch, line->above);
    for (uint32_t left = line->rows; left > 0; left--) {
        size_t at = row + columns.start * channels;
        to = bnncl_column_zeros(to, columns.first * channels);
        for (uint32_t w = columns.first; w < columns.end; w++) {
            widen(to, call->input, at, channels);
            to += channels;
            at += window->dilation_w * channels;
        }
        to = bnncl_column_zeros(to, (window->filter_w - columns.end) * channels);
        row += line->row_step;
    }
    (void)bnncl_column_zeros(to, line->below);
}

/* Turns the column of one pixel, whose biases are `bias`, into output; a column has `words` words. */
typedef void (*bnncl_columns_pixel)(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                    size_t words);

/* The whole convolution; there are `bias_channels` biases for each border class. */
static inline void bnncl_columns(const bnncl_columns_call *call, uint32_t bias_channels, bnncl_widen widen,
                                 bnncl_columns_pixel finish)
{
    const bnncl_window *window = call->window;
    const bnncl_bias *biases = call->bias;
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t words = (taps * window->in_channels + 1u) / 2u;
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_columns_line line = bnncl_columns_line_at(window, y);
        const size_t row_class = biases->row_class[y];
        for (uint32_t x = 0; x < window->out_w; x++) {
            const size_t border = row_class * biases->column_classes + biases->column_class[x];
            const uint32_t at = x * window->stride_w;
            const bool inside = window->dilation_w == 1 && at >= window->pad_left &&
                                at + window->filter_w <= (uint32_t)window->pad_left + window->in_w;
            if (inside) {
                bnncl_column_inside(call, &line, (size_t)(at - window->pad_left) * window->in_channels,
                                    widen);
            } else {
                bnncl_column_across(call, &line, x, widen);
            }
            finish(call, pixel, biases->values + border * bias_channels, words);
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

#endif
