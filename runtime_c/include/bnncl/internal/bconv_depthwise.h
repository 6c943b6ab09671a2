/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BCONV_DEPTHWISE_H
#define BNNCL_INTERNAL_BCONV_DEPTHWISE_H

#include "bnncl/bits.h"
#include "bnncl/internal/planes.h"
#include "bnncl/internal/sink.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Depthwise binary convolution, 32 channels in the bits of a word: products of -1 are counted by counters whose
 * bits lie in words of their own, acc = taps - 2 * count. */

enum { BNNCL_DEPTHWISE_PLANES = 8 };

/* Where the taps of one output pixel are, and how many count. */
typedef struct {
    bnncl_taps rows;
    bnncl_taps columns;
    int32_t taps;
} bnncl_depthwise_spot;

static inline bnncl_depthwise_spot bnncl_depthwise_spot_at(const bnncl_window *window, uint32_t y, uint32_t x)
{
    bnncl_depthwise_spot spot = {bnncl_rows_inside(window, y), bnncl_columns_inside(window, x), 0};
    spot.taps = window->pad_value != 0
                    ? window->filter_h * window->filter_w
                    : (int32_t)((spot.rows.end - spot.rows.first) * (spot.columns.end - spot.columns.first));
    return spot;
}

static inline bool bnncl_is_tap_inside(bnncl_taps taps, uint32_t tap)
{
    return tap >= taps.first && tap < taps.end;
}

/* Counts, for the channels of word `word`, the products that are -1; there are `count` planes. */
static inline void bnncl_depthwise_count(const uint32_t *input, const uint32_t *filter,
                                         const bnncl_window *window, const bnncl_depthwise_spot *spot,
                                         size_t word, uint32_t *planes, uint32_t count)
{
    const size_t words = bnncl_words(window->in_channels);
    const uint32_t padding = window->pad_value < 0 ? 0xFFFFFFFFu : 0u;
    for (uint32_t k = 0; k < count; k++) {
        planes[k] = 0;
    }
    for (uint32_t h = 0; h < window->filter_h; h++) {
        const size_t y = spot->rows.start + (size_t)(h - spot->rows.first) * window->dilation_h;
        for (uint32_t w = 0; w < window->filter_w; w++) {
            const size_t x = spot->columns.start + (size_t)(w - spot->columns.first) * window->dilation_w;
            const bool inside = bnncl_is_tap_inside(spot->rows, h) && bnncl_is_tap_inside(spot->columns, w);
            if (inside || window->pad_value != 0) {
                const uint32_t a = inside ? input[(y * window->in_w + x) * words + word] : padding;
                const uint32_t b = filter[((size_t)h * window->filter_w + w) * words + word];
                bnncl_count_bits(planes, count, a ^ b);
            }
        }
    }
}

/* The whole convolution; counters have `count` bits, taps < 2**count. */
static inline void bnncl_bconv_depthwise(const uint32_t *input, const uint32_t *filter, void *output,
                                         uint32_t count, const bnncl_window *window, bnncl_sink sink,
                                         const void *epilogue)
{
    const uint32_t channels = window->in_channels;
    uint32_t planes[BNNCL_DEPTHWISE_PLANES];
    size_t pixel = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_depthwise_spot spot = bnncl_depthwise_spot_at(window, y, x);
            for (uint32_t first = 0; first < channels; first += 32) {
                const uint32_t end = channels - first < 32 ? channels : first + 32;
                bnncl_depthwise_count(input, filter, window, &spot, first / 32u, planes, count);
                for (uint32_t channel = first; channel < end; channel++) {
                    const uint32_t ones = bnncl_counter_of(planes, count, channel - first);
                    sink(epilogue, output, pixel, channels, channel, spot.taps - 2 * (int32_t)ones);
                }
            }
            pixel++;
        }
    }
}

#endif
