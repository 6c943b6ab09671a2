/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_POOL_GRADIENT_H
#define BNNCL_INTERNAL_POOL_GRADIENT_H

#include "bnncl/internal/element.h"
#include "bnncl/internal/pool.h"
#include "bnncl/internal/zeros.h"

#include <stddef.h>
#include <stdint.h>

/* Adds the gradient of one output pixel, x [depth], to the elements of its window. */
typedef void (*bnncl_scatter_one)(const int16_t *x, const void *of, int32_t *output,
                                  const bnncl_pool_taps *taps, size_t depth);

/* Calls `one` for every output pixel of the pool; sums begin at 0. */
static inline void bnncl_scatter(const int16_t *x, const void *of, int32_t *output,
                                 const bnncl_window *window, bnncl_scatter_one one)
{
    const size_t depth = window->in_channels;
    bnncl_zeros(output, (size_t)window->in_h * window->in_w * depth);
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t column = 0; column < window->out_w; column++) {
            const bnncl_pool_taps taps = bnncl_pool_taps_of(window, rows, column, depth);
            one(x, of, output, &taps, depth);
            x += depth;
        }
    }
}

/* The place of the first largest element; at least one tap is inside. */
static inline size_t bnncl_first_largest(const void *of, const bnncl_pool_taps *taps, size_t at,
                                         bnncl_load load)
{
    size_t row = taps->start + at;
    size_t found = row;
    int32_t best = load(of, row);
    for (uint32_t h = taps->rows; h > 0; h--) {
        size_t from = row;
        for (uint32_t w = taps->columns; w > 0; w--) {
            const int32_t value = load(of, from);
            if (value > best) {
                best = value;
                found = from;
            }
            from += taps->step;
        }
        row += taps->row_step;
    }
    return found;
}

/* The gradients of all channels go to the largest elements; where the window lies on padding, nowhere. */
static inline void bnncl_to_largest(const int16_t *x, const void *of, int32_t *output,
                                    const bnncl_pool_taps *taps, size_t depth, bnncl_load load)
{
    if (taps->rows == 0 || taps->columns == 0) {
        return;
    }
    for (size_t at = 0; at < depth; at++) {
        output[bnncl_first_largest(of, taps, at, load)] += x[at];
    }
}

#endif
