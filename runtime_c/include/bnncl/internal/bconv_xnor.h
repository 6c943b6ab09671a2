/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BCONV_XNOR_H
#define BNNCL_INTERNAL_BCONV_XNOR_H

#include "bnncl/bits.h"
#include "bnncl/internal/sink.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Word-parallel binary convolution.
 *
 * With a = 1 for x = -1 and b = 1 for w = -1, x * w = 1 - 2 * (a ^ b), so over n products
 * acc = n - 2 * popcount(a ^ b). Tail bits are 0 in both words and add nothing; n counts channels, not
 * bits. A padded tap that is left out makes n smaller. */

/* The activations under one window, gathered: `rows` runs of `run` words. The filter's run r begins at word
 * `offset` + r * `row_words` of each output channel. */
typedef struct {
    size_t offset;
    size_t rows;
    size_t run;
    size_t row_words;
    int32_t products;
} bnncl_patch;

/* Ones in a[i] ^ b[i] over n words.
 *
 * Three words at a time: t's even bits are added to x's 2-bit fields and its odd bits to y's, which then
 * hold at most 3; pairs of those make fields of at most 6 and of at most 12, bytes at most 24. */
static inline uint32_t bnncl_xor_popcount(const uint32_t *a, const uint32_t *b, size_t n)
{
    const uint32_t odd = 0x55555555u;
    const uint32_t pairs = 0x33333333u;
    uint32_t sum = 0;
    for (; n >= 3; n -= 3) {
        uint32_t x = a[0] ^ b[0];
        uint32_t y = a[1] ^ b[1];
        const uint32_t t = a[2] ^ b[2];
        x = x - ((x >> 1) & odd) + (t & odd);
        y = y - ((y >> 1) & odd) + ((t >> 1) & odd);
        x = (x & pairs) + ((x >> 2) & pairs) + (y & pairs) + ((y >> 2) & pairs);
        sum += bnncl_sum_bytes((x & 0x0F0F0F0Fu) + ((x >> 4) & 0x0F0F0F0Fu));
        a += 3;
        b += 3;
    }
    for (; n > 0; n--) {
        sum += bnncl_popcount(*a++ ^ *b++);
    }
    return sum;
}

/* Writes one padded pixel, all +1 or all -1. */
static inline void bnncl_fill_pixel(uint32_t *pixel, uint32_t channels, int8_t value)
{
    const uint32_t words = bnncl_words(channels);
    for (uint32_t i = 0; i < words; i++) {
        pixel[i] = value < 0 ? 0xFFFFFFFFu : 0u;
    }
    pixel[words - 1] &= bnncl_tail_mask(channels);
}

/* Gathers into `column` what stands under the window whose taps inside are `rows` x `columns`. */
static inline bnncl_patch bnncl_gather(const uint32_t *input, uint32_t *column, const bnncl_window *window,
                                       bnncl_taps rows, bnncl_taps columns)
{
    const uint32_t words = bnncl_words(window->in_channels);
    const bool whole = window->pad_value != 0;
    const uint32_t h_first = whole ? 0 : rows.first;
    const uint32_t h_end = whole ? window->filter_h : rows.end;
    const uint32_t w_first = whole ? 0 : columns.first;
    const uint32_t w_end = whole ? window->filter_w : columns.end;
    bnncl_patch patch;
    const uint32_t taps = (h_end - h_first) * (w_end - w_first);
    patch.offset = taps == 0 ? 0 : ((size_t)h_first * window->filter_w + w_first) * words;
    patch.rows = h_end - h_first;
    patch.run = (size_t)(w_end - w_first) * words;
    patch.row_words = (size_t)window->filter_w * words;
    patch.products = (int32_t)(taps * window->in_channels);
    for (uint32_t h = h_first; h < h_end; h++) {
        const bool row_inside = h >= rows.first && h < rows.end;
        const size_t y = rows.start + (size_t)(h - rows.first) * window->dilation_h;
        for (uint32_t w = w_first; w < w_end; w++) {
            const size_t x = columns.start + (size_t)(w - columns.first) * window->dilation_w;
            if (row_inside && w >= columns.first && w < columns.end) {
                memcpy(column, input + (y * window->in_w + x) * words, words * sizeof *column);
            } else {
                bnncl_fill_pixel(column, window->in_channels, window->pad_value);
            }
            column += words;
        }
    }
    if (patch.run == patch.row_words) {
        patch.run *= patch.rows;
        patch.rows = 1;
    }
    return patch;
}

/* The sum of products of one gathered patch with one output channel's filter. */
static inline int32_t bnncl_patch_dot(const uint32_t *column, const uint32_t *filter,
                                      const bnncl_patch *patch)
{
    uint32_t ones = 0;
    filter += patch->offset;
    for (size_t row = 0; row < patch->rows; row++) {
        ones += bnncl_xor_popcount(column, filter, patch->run);
        column += patch->run;
        filter += patch->row_words;
    }
    return patch->products - 2 * (int32_t)ones;
}

/* The whole convolution; `column` is scratch for filter_h * filter_w * words words. */
static inline void bnncl_bconv_xnor(const uint32_t *input, const uint32_t *filter, void *output,
                                    uint32_t *column, const bnncl_window *window, bnncl_sink sink,
                                    const void *epilogue)
{
    const size_t filter_words =
        (size_t)window->filter_h * window->filter_w * bnncl_words(window->in_channels);
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_taps columns = bnncl_columns_inside(window, x);
            const bnncl_patch patch = bnncl_gather(input, column, window, rows, columns);
            const uint32_t *one = filter;
            for (uint32_t o = 0; o < window->out_channels; o++) {
                sink(epilogue, output, pixel, window->out_channels, o, bnncl_patch_dot(column, one, &patch));
                one += filter_words;
            }
            pixel++;
        }
    }
}

#endif
