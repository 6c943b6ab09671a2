/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/filter.h"
#include "bnncl/internal/pair_tables.h"
#include "bnncl/internal/position.h"
#include "bnncl/internal/zeros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to 32 output channels and two positions at a time: tables of the gradients of both are made once, and every tap
 * and input channel chooses from them by the same places. Where a tap is padding at one of the two, what it makes there
 * is thrown away. */

enum { BNNCL_BLOCK = 32 };

typedef struct {
    uint16_t *places;  /* [taps][in_channels][octets] */
    uint32_t *waste;   /* [in_channels] */
    bnncl_two *tables; /* [octets][256] */
    uint32_t channels; /* of this block */
    uint32_t octets;
} bnncl_pair_gradient;

/* Makes the places of all taps and input channels by word number `word` of their signs. */
static inline void bnncl_places_of_signs(const bnncl_pair_gradient *work, const uint32_t *signs,
                                         uint32_t word, const bnncl_window *window)
{
    const size_t words = bnncl_words(window->out_channels);
    const size_t count = (size_t)window->filter_h * window->filter_w * window->in_channels;
    uint16_t *places = work->places;
    signs += word;
    for (size_t i = 0; i < count; i++) {
        uint32_t left = *signs;
        for (uint32_t octet = 0; octet < work->octets; octet++) {
            *places++ = bnncl_place(octet, left & 0xFFu);
            left >>= BNNCL_OCTET;
        }
        signs += words;
    }
}

/* Takes the gradients of one or two positions; 0 behind the last channel up to a multiple of 8; false where
 * all are 0. */
static inline bool bnncl_take_positions(bnncl_two *numbers, const int16_t *gradient, uint32_t channels,
                                        size_t next)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < channels; i++) {
        numbers[i].of[0] = (uint32_t)(int32_t)gradient[i];
        numbers[i].of[1] = next != 0 ? (uint32_t)(int32_t)gradient[i + next] : 0u;
        any |= numbers[i].of[0] | numbers[i].of[1];
    }
    for (; channels % BNNCL_OCTET != 0; channels++) {
        numbers[channels] = (bnncl_two){{0, 0}};
    }
    return any != 0;
}

/* Adds what the tables give to the inputs of every tap of two positions; of one where `two` is false. */
static inline void bnncl_spread_pairs(uint32_t *output, const bnncl_pair_gradient *work,
                                      const bnncl_position *positions, bool two, bnncl_two all,
                                      const bnncl_window *window)
{
    const bnncl_pair_choice choice = {work->tables, work->octets, all};
    const size_t count = window->in_channels;
    const uint16_t *places = work->places;
    for (uint32_t h = 0; h < window->filter_h; h++) {
        for (uint32_t w = 0; w < window->filter_w; w++) {
            size_t pixel = 0;
            uint32_t *first = work->waste;
            uint32_t *second = work->waste;
            if (bnncl_is_inside(positions, h, w, window, &pixel)) {
                first = output + pixel * count;
            }
            if (two && bnncl_is_inside(positions + 1, h, w, window, &pixel)) {
                second = output + pixel * count;
            }
            if (first != second) {
                bnncl_add_pairs(first, second, count, places, &choice);
            }
            places += count * work->octets;
        }
    }
}

/* All positions, by one block of output channels; `gradient` is that of the first position and channel. */
static inline void bnncl_add_block(uint32_t *output, const bnncl_pair_gradient *work, const int16_t *gradient,
                                   const bnncl_window *window)
{
    const size_t step = window->out_channels;
    bnncl_position positions[2] = {{0, 0, 0}, {0, 0, 0}};
    for (size_t left = (size_t)window->out_h * window->out_w; left > 0;) {
        const bool two = left > 1;
        bnncl_two numbers[BNNCL_BLOCK];
        bnncl_two all = {{0, 0}};
        positions[1] = positions[0];
        bnncl_next_position(&positions[1], window);
        if (bnncl_take_positions(numbers, gradient, work->channels, two ? step : 0)) {
            for (uint32_t i = 0; i < work->channels; i++) {
                all = bnncl_plus(all, numbers[i]);
            }
            for (uint32_t i = 0; i < work->octets; i++) {
                bnncl_pair_table(work->tables + i * BNNCL_PAIR_ENTRIES, numbers + i * BNNCL_OCTET);
            }
            bnncl_spread_pairs(output, work, positions, two, all, window);
        }
        positions[0] = positions[1];
        bnncl_next_position(&positions[0], window);
        gradient += 2 * step;
        left -= two ? 2u : 1u;
    }
}

void bnncl_filter_input_gradient_pairs(const int16_t *restrict gradient, const uint32_t *restrict signs,
                                       int32_t *restrict output, uint32_t *restrict scratch,
                                       const bnncl_window *restrict window)
{
    const uint32_t most = window->out_channels < BNNCL_BLOCK ? window->out_channels : (uint32_t)BNNCL_BLOCK;
    bnncl_pair_gradient work;
    work.tables = (bnncl_two *)(void *)scratch;
    work.waste = scratch + (most + 7u) / BNNCL_OCTET * BNNCL_PAIR_ENTRIES * 2u;
    work.places = (uint16_t *)(void *)(work.waste + window->in_channels);
    bnncl_zeros(output, (size_t)window->in_h * window->in_w * window->in_channels);
    for (uint32_t at = 0; at < window->out_channels; at += BNNCL_BLOCK) {
        const uint32_t left = window->out_channels - at;
        work.channels = left < BNNCL_BLOCK ? left : (uint32_t)BNNCL_BLOCK;
        work.octets = (work.channels + 7u) / BNNCL_OCTET;
        bnncl_places_of_signs(&work, signs, at / BNNCL_BLOCK, window);
        bnncl_add_block((uint32_t *)output, &work, gradient + at, window);
    }
}
