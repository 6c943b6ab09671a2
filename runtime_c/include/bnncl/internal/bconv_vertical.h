/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BCONV_VERTICAL_H
#define BNNCL_INTERNAL_BCONV_VERTICAL_H

#include "bnncl/bits.h"
#include "bnncl/internal/lists.h"
#include "bnncl/internal/planes.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* Vertical binary convolution.
 *
 * For one output channel let a = 1 where x = -1, so that x = 1 - 2a, and W = 1 where w = -1. Then
 *     acc = sum of x * w = sum of w - 2 * sum of w where a = 1,
 * and with n1 the number of a = 1, S the number of (a = 1 and W = 1): sum of w where a = 1 is n1 - 2 * S, so
 *     acc = B - 2 * n1 + 4 * S,    B = sum of w.
 * All sums run over the taps inside. A padded tap that counts as +1 adds its weights to B, one that counts as
 * -1 takes them off; one that is left out does neither. B is known at compile time for each border class.
 *
 * S is counted for 32 output channels at once: for each a = 1 the word of the W of 32 channels is added into
 * counters that lie across `plane_count` words, bit k of lane j's counter in bit j of plane k.
 *
 * With n1 = 2h + p, p = 0 or 1: acc = B + 4 * (S - h) - 2 * p. The counters start at C - h for
 * C = 2**(plane_count - 1), the same in every lane, and end at V = C - h + S. From 0 <= S <= n1 follows
 * C - floor(K / 2) <= V <= C + ceil(K / 2), in 2..2**plane_count - 2 by the size of the counters. Hence
 *     acc = 4 * V - 2 * p + (B - 4 * C),
 *     acc >= t  <=>  V >= C + ceil((t - B + 2 * p) / 4),
 * where the right side, a constant for each class, p and channel, may be clipped into 0..2**plane_count - 1:
 * 0 is always reached, 2**plane_count - 1 never. */

enum { BNNCL_VERTICAL_MAX_PLANES = 25 };

/* Everything that stays the same over one call. */
typedef struct {
    const uint32_t *input;
    const uint32_t *rows;
    void *output;
    const void *params;
    const bnncl_border *border;
    const bnncl_window *window;
    uint32_t plane_count;
} bnncl_vertical_call;

/* One output pixel: the taps inside, the ring row of the first, the number of its border class, p. */
typedef struct {
    bnncl_taps rows;
    bnncl_taps columns;
    uint32_t ring_row;
    uint32_t parity;
    size_t border;
    size_t pixel;
} bnncl_spot;

/* Turns the planes of one group of 32 output channels into output. */
typedef void (*bnncl_vertical_sink)(const bnncl_vertical_call *call, const bnncl_spot *spot, uint32_t group,
                                    const uint32_t *planes);

/* n1: the number of activations of -1 under the window. */
static inline uint32_t bnncl_ones_inside(const bnncl_lists *lists, const bnncl_window *window,
                                         const bnncl_spot *spot)
{
    const size_t step = lists->length * window->dilation_w;
    uint32_t ones = 0;
    uint32_t row = spot->ring_row;
    for (uint32_t h = spot->rows.first; h < spot->rows.end; h++) {
        const uint16_t *list = bnncl_list_at(lists, row, spot->columns.start);
        for (uint32_t w = spot->columns.first; w < spot->columns.end; w++) {
            ones += list[BNNCL_LIST_ONES];
            list += step;
        }
        row = bnncl_ring_next(lists, row, window->dilation_h);
    }
    return ones;
}

/* Adds the rows of one group into `planes`; `carries` is room for the words of weight 8 and three more. */
static inline void bnncl_count_rows(const bnncl_vertical_call *call, const bnncl_lists *lists,
                                    const bnncl_spot *spot, const uint32_t *rows, uint32_t *planes,
                                    uint32_t *carries)
{
    const bnncl_window *window = call->window;
    const size_t tap_words = (size_t)window->in_channels + 1;
    const size_t step = lists->length * window->dilation_w;
    uint32_t low[3] = {planes[0], planes[1], planes[2]};
    uint32_t *carry = carries;
    uint32_t row = spot->ring_row;
    for (uint32_t h = spot->rows.first; h < spot->rows.end; h++) {
        const uint16_t *list = bnncl_list_at(lists, row, spot->columns.start);
        const uint32_t *tap = rows + ((size_t)h * window->filter_w + spot->columns.first) * tap_words;
        for (uint32_t w = spot->columns.first; w < spot->columns.end; w++) {
            carry = bnncl_add_list(low, tap, list + BNNCL_LIST_ENTRIES, list[BNNCL_LIST_BLOCKS], carry);
            list += step;
            tap += tap_words;
        }
        row = bnncl_ring_next(lists, row, window->dilation_h);
    }
    planes[0] = low[0];
    planes[1] = low[1];
    planes[2] = low[2];
    bnncl_add_carries(planes + 3, call->plane_count - 3, carries, (size_t)(carry - carries));
}

/* All groups of one pixel. */
static inline void bnncl_vertical_pixel(const bnncl_vertical_call *call, const bnncl_lists *lists,
                                        bnncl_spot *spot, uint32_t *carries, bnncl_vertical_sink sink)
{
    const bnncl_window *window = call->window;
    const size_t group_words = (size_t)window->filter_h * window->filter_w * (window->in_channels + 1u);
    const uint32_t groups = bnncl_words(window->out_channels);
    const uint32_t ones = bnncl_ones_inside(lists, window, spot);
    const uint32_t start = (UINT32_C(1) << (call->plane_count - 1)) - ones / 2u;
    const uint32_t *rows = call->rows;
    uint32_t planes[BNNCL_VERTICAL_MAX_PLANES];
    spot->parity = ones % 2u;
    for (uint32_t group = 0; group < groups; group++) {
        bnncl_planes_of(planes, call->plane_count, start);
        bnncl_count_rows(call, lists, spot, rows, planes, carries);
        sink(call, spot, group, planes);
        rows += group_words;
    }
}

/* Builds the lists under output row `y`. The window's top, cut off at the map, never falls from row to row;
 * the first tap inside can: with dilation it may be any of the taps. */
static inline void bnncl_vertical_row(const bnncl_vertical_call *call, bnncl_lists *lists, bnncl_spot *spot,
                                      uint32_t y)
{
    const bnncl_window *window = call->window;
    const uint32_t top = y * window->stride_h;
    const uint32_t first = top > window->pad_top ? top - window->pad_top : 0;
    spot->rows = bnncl_rows_inside(window, y);
    if (spot->rows.end > spot->rows.first) {
        const uint32_t steps = spot->rows.end - 1u - spot->rows.first;
        const uint32_t end = spot->rows.start + steps * window->dilation_h + 1u;
        bnncl_lists_build(lists, call->input, window->in_channels, first, end);
        spot->ring_row = bnncl_ring_row(lists, spot->rows.start);
    }
}

/* The whole convolution; `scratch` holds the carries, then the lists. */
static inline void bnncl_bconv_vertical(const bnncl_vertical_call *call, uint32_t *scratch,
                                        bnncl_vertical_sink sink)
{
    const bnncl_window *window = call->window;
    const size_t tap_carries = ((window->in_channels + 3u) / 4u + 1u) / 2u;
    const size_t carry_words = 3 + (size_t)window->filter_h * window->filter_w * tap_carries;
    bnncl_lists lists = bnncl_lists_in((uint16_t *)(scratch + carry_words), window);
    bnncl_spot spot = {.pixel = 0};
    for (uint32_t y = 0; y < window->out_h; y++) {
        const size_t row_class = call->border->row_class[y];
        bnncl_vertical_row(call, &lists, &spot, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            spot.columns = bnncl_columns_inside(window, x);
            spot.border = row_class * call->border->column_classes + call->border->column_class[x];
            bnncl_vertical_pixel(call, &lists, &spot, scratch, sink);
            spot.pixel++;
        }
    }
}

#endif
