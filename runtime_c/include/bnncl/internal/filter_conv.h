/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_CONV_H
#define BNNCL_INTERNAL_FILTER_CONV_H

#include "bnncl/bits.h"
#include "bnncl/internal/element.h"
#include "bnncl/internal/sign_tables.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Convolution of integers with signs. Under a tap the tables of up to 32 input channels are made once, and every
 * output channel chooses from them by the nibbles of one word. */

/* Adds what the words of one tap choose to all output channels; `filter_words` from one channel's to the next. */
static inline void bnncl_add_to_outputs(uint32_t *output, uint32_t channels, const uint32_t *word,
                                        size_t filter_words, const uint32_t *tables, uint32_t nibbles)
{
    for (uint32_t o = 0; o < channels; o++) {
        output[o] += bnncl_chosen_by_nibbles(tables, *word, nibbles);
        word += filter_words;
    }
}

/* One tap of one output pixel: `at` is the first element of the input pixel, `tap` the number of the tap. */
static inline void bnncl_filter_tap(const void *input, size_t at, const uint32_t *signs, size_t tap,
                                    uint32_t *output, uint32_t *tables, const bnncl_window *window,
                                    bnncl_load load)
{
    const uint32_t words = bnncl_words(window->in_channels);
    const size_t filter_words = (size_t)window->filter_h * window->filter_w * words;
    const uint32_t *word = signs + tap * words;
    uint32_t left = window->in_channels;
    for (uint32_t i = 0; i < words; i++) {
        const uint32_t count = left < BNNCL_IN_WORD ? left : (uint32_t)BNNCL_IN_WORD;
        uint32_t numbers[BNNCL_IN_WORD];
        for (uint32_t channel = 0; channel < count; channel++) {
            numbers[channel] = (uint32_t)load(input, at + channel);
        }
        bnncl_nibble_tables(tables, numbers, count);
        if (count == BNNCL_IN_WORD) {
            bnncl_add_to_outputs(output, window->out_channels, word, filter_words, tables, 8);
        } else {
            bnncl_add_to_outputs(output, window->out_channels, word, filter_words, tables, (count + 3u) / 4u);
        }
        at += count;
        left -= count;
        word++;
    }
}

/* The whole convolution. */
static inline void bnncl_filter_conv(const void *input, const uint32_t *signs, int32_t *output,
                                     uint32_t *tables, const bnncl_window *window, bnncl_load load)
{
    uint32_t *pixel = (uint32_t *)output;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_taps columns = bnncl_columns_inside(window, x);
            size_t in_y = rows.start;
            memset(pixel, 0, window->out_channels * sizeof *pixel);
            for (uint32_t h = rows.first; h < rows.end; h++) {
                size_t in_x = columns.start;
                for (uint32_t w = columns.first; w < columns.end; w++) {
                    const size_t at = (in_y * window->in_w + in_x) * window->in_channels;
                    const size_t tap = (size_t)h * window->filter_w + w;
                    bnncl_filter_tap(input, at, signs, tap, pixel, tables, window, load);
                    in_x += window->dilation_w;
                }
                in_y += window->dilation_h;
            }
            pixel += window->out_channels;
        }
    }
}

#endif
