/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_RARER_H
#define BNNCL_INTERNAL_RARER_H

#include "bnncl/bits.h"
#include "bnncl/internal/row_lists.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether kernels over active rows would add fewer rows for the activations of +1 than for those of -1. The
 * windows that cover input row y are `row_uses[y]`, and column x `column_uses[x]`; `half` is half the sum
 * over all activations of the windows that cover them, rounded down. */
static inline bool bnncl_are_ones_many(const uint32_t *input, const bnncl_window *window,
                                       const uint8_t *row_uses, const uint8_t *column_uses, uint32_t half)
{
    const uint32_t words = bnncl_words(window->in_channels);
    uint32_t added = 0;
    for (uint32_t y = 0; y < window->in_h; y++) {
        uint32_t in_row = 0;
        for (uint32_t x = 0; x < window->in_w; x++) {
            uint32_t ones = 0;
            for (uint32_t i = 0; i < words; i++) {
                ones += bnncl_popcount(*input++);
            }
            in_row += column_uses[x] * ones;
        }
        added += row_uses[y] * in_row;
    }
    return added > half;
}

/* The row of pixels with every sign turned, in the last words of the room for its own entries. No entry
 * overwrites a word that is still to be listed: a pixel has no more words than entries, and all but its last
 * word as many entries as bits. */
static inline const uint32_t *bnncl_turned_row(const bnncl_row_lists *lists, const uint32_t *pixel,
                                               uint32_t channels)
{
    const uint32_t words = bnncl_words(channels);
    const uint32_t mask = bnncl_tail_mask(channels);
    uint32_t *const end = lists->entries + (size_t)(lists->row + 1u) * lists->room;
    uint32_t *const first = end - (size_t)lists->width * words;
    uint32_t left = words;
    for (uint32_t *turned = first; turned < end; turned++) {
        left--;
        *turned = ~*pixel++ & (left > 0 ? 0xFFFFFFFFu : mask);
        left = left > 0 ? left : words;
    }
    return first;
}

#endif
