/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_ACCUMULATE_BITS_H
#define BNNCL_INTERNAL_FILTER_ACCUMULATE_BITS_H

#include "bnncl/bits.h"
#include "bnncl/internal/position.h"
#include "bnncl/internal/sign_tables.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gradient of a filter over binary inputs: 32 positions at a time. Their inputs are turned round, so that a word holds one input of all of them; then for each
 * output channel tables of its 32 gradients are made, and every sum of its filter chooses from them by one word.
 *
 * A padded tap that counts as 0 chooses +1; the gradients of the positions where it is padded are taken off the sums
 * of the tap. */

/* Up to 32 positions from `first` on, and what is known of them. */
typedef struct {
    bnncl_position first;
    uint32_t count;
    uint32_t *columns; /* [taps][in_channels] words, bit p: position p */
    uint32_t *padded;  /* [taps] words, bit p: the tap is padding that counts as 0 at position p */
    uint32_t *tables;
} bnncl_block;

/* Swaps rows and columns of 32 words of 32 bits: blocks of 16 x 16 bits, in these blocks of 8 x 8 and so on. */
static inline void bnncl_transpose(uint32_t *rows)
{
    uint32_t mask = 0x0000FFFFu;
    for (uint32_t size = 16; size > 0; size /= 2u) {
        for (uint32_t k = 0; k < BNNCL_IN_WORD; k = (k + size + 1u) & ~size) {
            const uint32_t other = ((rows[k] >> size) ^ rows[k + size]) & mask;
            rows[k] ^= other << size;
            rows[k + size] ^= other;
        }
        mask ^= mask << (size / 2u);
    }
}

/* Word `word` of the inputs under tap (h, w), one row for each position; returns the positions where it is padding. */
static inline uint32_t bnncl_gather_rows(uint32_t *rows, const uint32_t *input, const bnncl_block *block,
                                         uint32_t h, uint32_t w, uint32_t word, const bnncl_window *window)
{
    const size_t words = bnncl_words(window->in_channels);
    bnncl_position position = block->first;
    uint32_t padded = 0;
    for (uint32_t p = 0; p < BNNCL_IN_WORD; p++) {
        size_t pixel = 0;
        rows[p] = 0;
        if (p < block->count) {
            if (bnncl_is_inside(&position, h, w, window, &pixel)) {
                rows[p] = input[pixel * words + word];
            } else {
                rows[p] = window->pad_value < 0 ? 0xFFFFFFFFu : 0u;
                padded |= UINT32_C(1) << p;
            }
            bnncl_next_position(&position, window);
        }
    }
    return padded;
}

/* Makes the columns of a block. */
static inline void bnncl_make_columns(const bnncl_block *block, const uint32_t *input,
                                      const bnncl_window *window)
{
    uint32_t *const rows = block->tables;
    uint32_t *column = block->columns;
    uint32_t *padded = block->padded;
    for (uint32_t h = 0; h < window->filter_h; h++) {
        for (uint32_t w = 0; w < window->filter_w; w++) {
            for (uint32_t channel = 0; channel < window->in_channels; channel++) {
                if (channel % 32u == 0) {
                    const uint32_t at = bnncl_gather_rows(rows, input, block, h, w, channel / 32u, window);
                    *padded = window->pad_value == 0 ? at : 0u;
                    bnncl_transpose(rows);
                }
                *column++ = rows[channel % 32u];
            }
            padded++;
        }
    }
}

/* The sum of the numbers of parts that `mask` chooses, 0 for 0. */
static inline uint32_t bnncl_chosen(const uint32_t *tables, uint32_t mask, uint32_t numbers)
{
    return mask == 0 ? 0 : bnncl_chosen_by_bytes(tables, mask, (numbers + 7u) / 8u);
}

/* On to the next block. */
static inline void bnncl_next_block(bnncl_block *block, const bnncl_window *window)
{
    for (uint32_t p = 0; p < block->count; p++) {
        bnncl_next_position(&block->first, window);
    }
}

#endif
