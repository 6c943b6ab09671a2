/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROW_LISTS_H
#define BNNCL_INTERNAL_ROW_LISTS_H

#include "bnncl/bits.h"
#include "bnncl/internal/rows.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* For each of a few rows of a binary map one list of its activations of -1, or of +1, pixel after pixel.
 *
 * An entry is the distance in bytes of an activation's row of weights from that of the first channel of the
 * first tap, were pixels taps: a pixel further right is a tap further right, in_channels + 1 rows of weights.
 * So one run of entries serves every window that covers its pixels; what differs from window to window is the
 * address that the distances count from. */

/* bnncl_list_rows, or the same for rows of weights of another size, which may overwrite eight more entries. */
typedef uint32_t *(*bnncl_row_lister)(uint32_t *entry, const uint32_t *words, uint32_t count,
                                      uint32_t offset);

typedef struct bnncl_row_lists bnncl_row_lists;

/* What is listed in place of a row of pixels: words that stand until the row has been listed. */
typedef const uint32_t *(*bnncl_row_turner)(const bnncl_row_lists *lists, const uint32_t *pixel,
                                            uint32_t channels);

/* A ring of rows: input row y stands in ring row y % ring. */
struct bnncl_row_lists {
    bnncl_row_lister list;
    uint32_t unit;     /* bytes of a row of weights */
    uint32_t *marks;   /* [ring][width + 1], number of the first entry of each pixel, and of the end */
    uint32_t *entries; /* [ring][room] */
    uint32_t room;
    uint32_t width;
    uint32_t ring;
    uint32_t built;        /* input rows before this one have been built */
    uint32_t row;          /* ring row of input row `built` */
    bnncl_row_turner turn; /* or NULL */
};

/* A filter row that lies inside: its marks, counted from the first, and how far its rows of weights are from
 * the filter's. */
typedef struct {
    uint32_t mark;
    int32_t base;
} bnncl_row_line;

/* A ring that holds every row that one window covers. */
static inline bnncl_row_lists bnncl_row_lists_in(uint32_t *memory, const bnncl_window *window,
                                                 bnncl_row_lister list, uint32_t unit)
{
    const uint32_t span = (window->filter_h - 1u) * window->dilation_h + 1u;
    bnncl_row_lists lists;
    lists.list = list;
    lists.unit = unit;
    lists.width = window->in_w;
    lists.ring = span < window->in_h ? span : window->in_h;
    lists.room = window->in_w * window->in_channels + (unit > 4u ? 8u : 1u);
    lists.marks = memory;
    lists.entries = memory + (size_t)lists.ring * (lists.width + 1u);
    lists.built = 0;
    lists.row = 0;
    lists.turn = NULL;
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
    if (lists->turn != NULL) {
        pixel = lists->turn(lists, pixel, channels);
    }
    for (uint32_t x = 0; x < lists->width; x++) {
        *mark++ = (uint32_t)(entry - lists->entries);
        entry = lists->list(entry, pixel, words, tap);
        pixel += words;
        tap += (channels + 1u) * lists->unit;
    }
    *mark = (uint32_t)(entry - lists->entries);
}

/* bnncl_row_build, or what stands in its place. */
typedef void (*bnncl_row_builder)(const bnncl_row_lists *lists, const uint32_t *pixel, uint32_t channels);

/* Builds the rows before `end` that have not been built; those before `first` are passed over. From call to
 * call `first` does not fall; end <= first + ring. */
static inline void bnncl_row_lists_build(bnncl_row_lists *lists, const uint32_t *input, uint32_t channels,
                                         uint32_t first, uint32_t end, bnncl_row_builder build)
{
    const size_t row_words = (size_t)lists->width * bnncl_words(channels);
    while (lists->built < end) {
        if (lists->built >= first) {
            build(lists, input + lists->built * row_words, channels);
        }
        lists->row = bnncl_row_below(lists, lists->row, 1);
        lists->built++;
    }
}

/* Builds the lists under output row `y`, fills in the filter rows inside, of `row_bytes` each, and returns how
 * many there are. The window's top, cut off at the map, never falls from row to row; the first tap inside can:
 * with dilation it may be any of the taps. */
static inline uint32_t bnncl_row_lines_by(bnncl_row_line *line, bnncl_row_lists *lists, const uint32_t *input,
                                          const bnncl_window *window, int32_t row_bytes, uint32_t y,
                                          bnncl_row_builder build)
{
    const uint32_t top = y * window->stride_h;
    const uint32_t first = top > window->pad_top ? top - window->pad_top : 0;
    const bnncl_taps rows = bnncl_rows_inside(window, y);
    const uint32_t count = rows.end - rows.first;
    if (count > 0) {
        const uint32_t end = rows.start + (count - 1u) * window->dilation_h + 1u;
        bnncl_row_lists_build(lists, input, window->in_channels, first, end, build);
        uint32_t row = bnncl_row_below(lists, lists->row, lists->ring - (lists->built - rows.start));
        for (uint32_t i = 0; i < count; i++) {
            line[i].mark = row * (lists->width + 1u);
            line[i].base = (int32_t)(rows.first + i) * row_bytes;
            row = bnncl_row_below(lists, row, window->dilation_h);
        }
    }
    return count;
}

/* The same with bnncl_row_build. */
static inline uint32_t bnncl_row_lines(bnncl_row_line *line, bnncl_row_lists *lists, const uint32_t *input,
                                       const bnncl_window *window, int32_t row_bytes, uint32_t y)
{
    return bnncl_row_lines_by(line, lists, input, window, row_bytes, y, bnncl_row_build);
}

/* bnncl_row_lines as a function of its own. */
uint32_t bnncl_build_lines(bnncl_row_line *line, bnncl_row_lists *lists, const uint32_t *input,
                           const bnncl_window *window, int32_t row_bytes, uint32_t y);

#endif
