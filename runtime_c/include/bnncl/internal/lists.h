/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LISTS_H
#define BNNCL_INTERNAL_LISTS_H

#include "bnncl/bits.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* For each pixel of a few rows of a binary map the list of the channels that are -1.
 *
 * A list is: the number of entries, the number of blocks of four after filling up, the entries, and enough
 * entries `in_channels` (a row of zeros) to fill the last block. Building writes one entry beyond those that
 * count, hence room for in_channels + 1 rounded up to blocks. */

enum { BNNCL_LIST_ONES = 0, BNNCL_LIST_BLOCKS = 1, BNNCL_LIST_ENTRIES = 2 };

/* A ring of rows of lists: input row y stands in ring row y % ring. */
typedef struct {
    uint16_t *lists;
    size_t length;  /* of one list */
    uint32_t width; /* lists in a row */
    uint32_t ring;  /* rows */
    uint32_t built; /* input rows before this one have been built */
    uint32_t row;   /* ring row of input row `built` */
} bnncl_lists;

/* A ring that holds every row that one window covers. */
static inline bnncl_lists bnncl_lists_in(uint16_t *memory, const bnncl_window *window)
{
    const uint32_t span = (window->filter_h - 1u) * window->dilation_h + 1u;
    bnncl_lists lists;
    lists.lists = memory;
    lists.length = BNNCL_LIST_ENTRIES + (size_t)(window->in_channels / 4u + 1u) * 4u;
    lists.width = window->in_w;
    lists.ring = span < window->in_h ? span : window->in_h;
    lists.built = 0;
    lists.row = 0;
    return lists;
}

/* The list of column `x` in ring row `row`. */
static inline uint16_t *bnncl_list_at(const bnncl_lists *lists, uint32_t row, uint32_t x)
{
    return lists->lists + ((size_t)row * lists->width + x) * lists->length;
}

/* The ring row `step` rows below `row`; step <= ring. */
static inline uint32_t bnncl_ring_next(const bnncl_lists *lists, uint32_t row, uint32_t step)
{
    row += step;
    return row >= lists->ring ? row - lists->ring : row;
}

/* Writes the channels of one word that are -1, the first of the word being `channel`; returns the end. */
static inline uint16_t *bnncl_list_word(uint16_t *entry, uint32_t word, uint32_t channel)
{
    for (; word != 0; word >>= 4) {
        *entry = (uint16_t)channel;
        entry += word & 1u;
        *entry = (uint16_t)(channel + 1u);
        entry += (word >> 1) & 1u;
        *entry = (uint16_t)(channel + 2u);
        entry += (word >> 2) & 1u;
        *entry = (uint16_t)(channel + 3u);
        entry += (word >> 3) & 1u;
        channel += 4;
    }
    return entry;
}

/* Builds the list of one pixel. */
static inline void bnncl_list_pixel(uint16_t *list, const uint32_t *pixel, uint32_t channels)
{
    uint16_t *const begin = list + BNNCL_LIST_ENTRIES;
    uint16_t *entry = begin;
    for (uint32_t channel = 0; channel < channels; channel += 32) {
        entry = bnncl_list_word(entry, *pixel++, channel);
    }
    list[BNNCL_LIST_ONES] = (uint16_t)(entry - begin);
    while ((entry - begin) % 4 != 0) {
        *entry++ = (uint16_t)channels;
    }
    list[BNNCL_LIST_BLOCKS] = (uint16_t)((entry - begin) / 4);
}

/* Builds the rows before `end` that have not been built; those before `first` are passed over. From call to
 * call `first` does not fall; end <= first + ring. */
static inline void bnncl_lists_build(bnncl_lists *lists, const uint32_t *input, uint32_t channels,
                                     uint32_t first, uint32_t end)
{
    const size_t words = bnncl_words(channels);
    while (lists->built < end) {
        if (lists->built >= first) {
            const uint32_t *pixel = input + (size_t)lists->built * lists->width * words;
            for (uint32_t x = 0; x < lists->width; x++) {
                bnncl_list_pixel(bnncl_list_at(lists, lists->row, x), pixel, channels);
                pixel += words;
            }
        }
        lists->row = bnncl_ring_next(lists, lists->row, 1);
        lists->built++;
    }
}

/* The ring row of input row `y`, one of the last `ring` rows built. */
static inline uint32_t bnncl_ring_row(const bnncl_lists *lists, uint32_t y)
{
    return bnncl_ring_next(lists, lists->row, lists->ring - (lists->built - y));
}

#endif
