/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_POOL_H
#define BNNCL_INTERNAL_POOL_H

#include "bnncl/fixed.h"
#include "bnncl/internal/element.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* The taps of one output pixel that fall on the input, as element indices into a map with `depth` elements
 * (channels or words) for each pixel. */
typedef struct {
    size_t start;    /* first element of the first pixel */
    size_t row_step; /* elements from one tap row to the next */
    size_t step;     /* elements from one tap to the next in a row */
    uint32_t rows;
    uint32_t columns;
} bnncl_pool_taps;

static inline bnncl_pool_taps bnncl_pool_taps_of(const bnncl_window *window, bnncl_taps rows, uint32_t x,
                                                 size_t depth)
{
    const bnncl_taps columns = bnncl_columns_inside(window, x);
    bnncl_pool_taps taps;
    taps.start = ((size_t)rows.start * window->in_w + columns.start) * depth;
    taps.row_step = (size_t)window->dilation_h * window->in_w * depth;
    taps.step = window->dilation_w * depth;
    taps.rows = rows.end - rows.first;
    taps.columns = columns.end - columns.first;
    return taps;
}

/* Computes one output element from the taps of one pixel, `at` being the channel or word in the pixel. */
typedef void (*bnncl_pool_one)(const void *input, const void *minimum, void *output, size_t out_at,
                               const bnncl_pool_taps *taps, size_t at);

/* Calls `one` for every output element. */
static inline void bnncl_pool(const void *input, const void *minimum, void *output,
                              const bnncl_window *window, size_t depth, bnncl_pool_one one)
{
    size_t out_at = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_pool_taps taps = bnncl_pool_taps_of(window, rows, x, depth);
            for (size_t at = 0; at < depth; at++) {
                one(input, minimum, output, out_at, &taps, at);
                out_at++;
            }
        }
    }
}

/* The largest element, or the least where minimum[at] is not 0. At least one tap is inside. */
static inline int32_t bnncl_extreme(const void *input, const bnncl_pool_taps *taps, size_t at, int minimum,
                                    bnncl_load load)
{
    int32_t best = load(input, taps->start + at);
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step + at;
        for (uint32_t w = 0; w < taps->columns; w++) {
            best = bnncl_extreme_of(best, load(input, from), minimum);
            from += taps->step;
        }
    }
    return best;
}

/* The sum of the elements inside. */
static inline int32_t bnncl_pool_sum(const void *input, const bnncl_pool_taps *taps, size_t at,
                                     bnncl_load load)
{
    int32_t sum = 0;
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step + at;
        for (uint32_t w = 0; w < taps->columns; w++) {
            sum += load(input, from);
            from += taps->step;
        }
    }
    return sum;
}

#endif
