/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_ACCUMULATE_PAIRS_H
#define BNNCL_INTERNAL_FILTER_ACCUMULATE_PAIRS_H

#include "bnncl/bits.h"
#include "bnncl/internal/pair_tables.h"
#include "bnncl/internal/position.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* Gradient of a filter over binary inputs, 32 positions and two output channels at a time. The inputs of eight positions
 * are turned round into bytes, each kept as the place of its entry in a table; the tables of both channels are then
 * chosen from by the same places.
 *
 * A padded tap that counts as 0 chooses +1; the gradients of the positions where it is padded are taken off the sums
 * of the tap. */

enum { BNNCL_BLOCK = 32 };

/* Up to 32 positions from `first` on, and what is known of them. */
typedef struct {
    bnncl_position first;
    uint32_t count;
    uint32_t octets;  /* eights of positions begun */
    uint16_t *places; /* [taps][in_channels][octets] */
    uint32_t *padded; /* [taps] words, bit p: the tap is padding that counts as 0 at position p */
    bnncl_two *tables;
} bnncl_pair_block;

/* The block before the first; scratch holds its tables, padding and places. */
static inline bnncl_pair_block bnncl_pair_block_of(uint32_t *scratch, const bnncl_window *window)
{
    const size_t positions = (size_t)window->out_h * window->out_w;
    const size_t most = positions < BNNCL_BLOCK ? positions : (size_t)BNNCL_BLOCK;
    bnncl_pair_block block = {.first = {0, 0, 0}};
    block.tables = (bnncl_two *)(void *)scratch;
    block.padded = scratch + (most + 7u) / BNNCL_OCTET * BNNCL_PAIR_ENTRIES * 2u;
    block.places = (uint16_t *)(void *)(block.padded + (size_t)window->filter_h * window->filter_w);
    return block;
}

/* The next block of the `left` positions that are left. */
static inline void bnncl_start_pair_block(bnncl_pair_block *block, size_t left)
{
    block->count = left < BNNCL_BLOCK ? (uint32_t)left : (uint32_t)BNNCL_BLOCK;
    block->octets = (block->count + 7u) / BNNCL_OCTET;
}

/* Turns round 8 words of 32 bits: bit p of byte k of word i is what bit 8 * k + i of word p was. */
static inline void bnncl_transpose_bytes(uint32_t *words)
{
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t other = ((words[i] >> 4) ^ words[i + 4u]) & 0x0F0F0F0Fu;
        words[i] ^= other << 4;
        words[i + 4u] ^= other;
    }
    for (uint32_t k = 0; k < 4; k++) {
        const uint32_t i = (k & 1u) + 2u * (k & 2u);
        const uint32_t other = ((words[i] >> 2) ^ words[i + 2u]) & 0x33333333u;
        words[i] ^= other << 2;
        words[i + 2u] ^= other;
    }
    for (uint32_t i = 0; i < 8; i += 2) {
        const uint32_t other = ((words[i] >> 1) ^ words[i + 1u]) & 0x55555555u;
        words[i] ^= other << 1;
        words[i + 1u] ^= other;
    }
}

/* Where the inputs of the positions of a block stand under one tap. */
typedef struct {
    uint32_t inside;           /* bit p: position p is no padding */
    size_t words[BNNCL_BLOCK]; /* number of the first word of its pixel */
} bnncl_under_tap;

static inline void bnncl_look_under(bnncl_under_tap *under, const bnncl_pair_block *block, uint32_t h,
                                    uint32_t w, const bnncl_window *window)
{
    const size_t words = bnncl_words(window->in_channels);
    bnncl_position position = block->first;
    under->inside = 0;
    for (uint32_t p = 0; p < block->count; p++) {
        size_t pixel = 0;
        if (bnncl_is_inside(&position, h, w, window, &pixel)) {
            under->inside |= UINT32_C(1) << p;
        }
        under->words[p] = pixel * words;
        bnncl_next_position(&position, window);
    }
}

/* Stores the places of the first `channels` channels, every `octets`th, that the bytes of `words` make: byte k of word i
 * is that of channel 8 * k + i. */
static inline void bnncl_store_places(uint16_t *places, const uint32_t *words, uint32_t octet,
                                      uint32_t octets, uint32_t channels)
{
    uint32_t shift = 0;
    for (; channels >= 8; channels -= 8) {
        for (uint32_t i = 0; i < 8; i++) {
            *places = bnncl_place(octet, (words[i] >> shift) & 0xFFu);
            places += octets;
        }
        shift += 8;
    }
    for (uint32_t i = 0; i < channels; i++) {
        *places = bnncl_place(octet, (words[i] >> shift) & 0xFFu);
        places += octets;
    }
}

/* The places of up to 32 channels, 4 * k + octet for channel k: of eight positions, `inside` of which are no padding. */
static inline void bnncl_put_places(uint16_t *places, const uint32_t *input, const bnncl_under_tap *under,
                                    uint32_t octet, uint32_t octets, uint32_t channels, uint32_t pad)
{
    const uint32_t inside = under->inside >> (8u * octet);
    const size_t *const at = under->words + 8u * octet;
    uint32_t words[8];
    for (uint32_t p = 0; p < 8; p++) {
        words[p] = ((inside >> p) & 1u) != 0 ? input[at[p]] : pad;
    }
    bnncl_transpose_bytes(words);
    bnncl_store_places(places + octet, words, octet, octets, channels);
}

/* Makes the places of a block. */
static inline void bnncl_make_places(const bnncl_pair_block *block, const uint32_t *input,
                                     const bnncl_window *window)
{
    const uint32_t pad = window->pad_value < 0 ? 0xFFFFFFFFu : 0u;
    const uint32_t all = 0xFFFFFFFFu >> (BNNCL_BLOCK - block->count);
    uint16_t *places = block->places;
    uint32_t *padded = block->padded;
    bnncl_under_tap under;
    for (uint32_t h = 0; h < window->filter_h; h++) {
        for (uint32_t w = 0; w < window->filter_w; w++) {
            bnncl_look_under(&under, block, h, w, window);
            *padded++ = window->pad_value == 0 ? all & ~under.inside : 0u;
            uint32_t left = window->in_channels;
            for (uint32_t word = 0; left > 0; word++) {
                const uint32_t channels = left < 32u ? left : 32u;
                for (uint32_t octet = 0; octet < block->octets; octet++) {
                    bnncl_put_places(places, input + word, &under, octet, block->octets, channels, pad);
                }
                places += (size_t)channels * block->octets;
                left -= channels;
            }
        }
    }
}

/* What the positions of `mask` choose, 0 for 0. */
static inline bnncl_two bnncl_chosen_by_mask(const bnncl_two *tables, uint32_t mask, uint32_t octets)
{
    bnncl_two sum = {{0, 0}};
    for (uint32_t i = 0; mask != 0 && i < octets; i++) {
        sum = bnncl_plus(sum, tables[i * BNNCL_PAIR_ENTRIES + ((mask >> (8u * i)) & 0xFFu)]);
    }
    return sum;
}

/* On to the next block. */
static inline void bnncl_next_pair_block(bnncl_pair_block *block, const bnncl_window *window)
{
    for (uint32_t p = 0; p < block->count; p++) {
        bnncl_next_position(&block->first, window);
    }
}

#endif
