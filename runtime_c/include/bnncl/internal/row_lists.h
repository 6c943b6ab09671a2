/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROW_LISTS_H
#define BNNCL_INTERNAL_ROW_LISTS_H

#include "bnncl/bits.h"
#include "bnncl/internal/rows.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* For each of a few rows of a binary map one list of its activations of -1, pixel after pixel.
 *
 * An entry is the distance in bytes of an activation's row of weights from that of the first channel of the
 * first tap, were pixels taps: a pixel further right is a tap further right, in_channels + 1 words. So one
 * run of entries serves every window that covers its pixels; what differs from window to window is the
 * address that the distances count from. */

/* A ring of rows: input row y stands in ring row y % ring. */
typedef struct {
    uint32_t *marks;   /* [ring][width + 1], number of the first entry of each pixel, and of the end */
    uint32_t *entries; /* [ring][room] */
    uint32_t room;
    uint32_t width;
    uint32_t ring;
    uint32_t built; /* input rows before this one have been built */
    uint32_t row;   /* ring row of input row `built` */
} bnncl_row_lists;

/* A ring that holds every row that one window covers. */
static inline bnncl_row_lists bnncl_row_lists_in(uint32_t *memory, const bnncl_window *window)
{
    const uint32_t span = (window->filter_h - 1u) * window->dilation_h + 1u;
    bnncl_row_lists lists;
    lists.width = window->in_w;
    lists.ring = span < window->in_h ? span : window->in_h;
    lists.room = window->in_w * window->in_channels + 1u;
    lists.marks = memory;
    lists.entries = memory + (size_t)lists.ring * (lists.width + 1u);
    lists.built = 0;
    lists.row = 0;
    return lists;
}

/* The ring row `step` rows below `row`; step <= ring. */
static inline uint32_t bnncl_row_below(const bnncl_row_lists *lists, uint32_t row, uint32_t step)
{
    row += step;
    return row >= lists->ring ? row - lists->ring : row;
}

/* Lists one row of pixels. */
static inline void bnncl_row_build(const bnncl_row_lists *lists, const uint32_t *pixel, uint32_t channels)
{
    const uint32_t words = bnncl_words(channels);
    uint32_t *mark = lists->marks + (size_t)lists->row * (lists->width + 1u);
    uint32_t *entry = lists->entries + (size_t)lists->row * lists->room;
    uint32_t tap = 0;
    for (uint32_t x = 0; x < lists->width; x++) {
        *mark++ = (uint32_t)(entry - lists->entries);
        entry = bnncl_list_rows(entry, pixel, words, tap);
        pixel += words;
        tap += (channels + 1u) * 4u;
    }
    *mark = (uint32_t)(entry - lists->entries);
}

/* Builds the rows before `end` that have not been built; those before `first` are passed over. From call to
 * call `first` does not fall; end <= first + ring. */
static inline void bnncl_row_lists_build(bnncl_row_lists *lists, const uint32_t *input, uint32_t channels,
                                         uint32_t first, uint32_t end)
{
    const size_t row_words = (size_t)lists->width * bnncl_words(channels);
    while (lists->built < end) {
        if (lists->built >= first) {
            bnncl_row_build(lists, input + lists->built * row_words, channels);
        }
        lists->row = bnncl_row_below(lists, lists->row, 1);
        lists->built++;
    }
}

#endif
