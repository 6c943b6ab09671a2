/* SPDX-License-Identifier: 0BSD */
#include "bnncl/filter.h"
#include "bnncl/internal/filter_accumulate_pairs.h"
#include "bnncl/internal/narrow_sum.h"
#include "bnncl/internal/zeros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds what a block made, [count], to as many sums. */
static inline void bnncl_add_made(int16_t *sums, const uint32_t *made, size_t count,
                                  const bnncl_narrowing *by)
{
    const bnncl_narrowing how = *by;
    const int16_t *const end = sums + count;
    if (how.right == 0) {
        for (; sums != end; sums++) {
            *sums = bnncl_narrow_sum(*sums, *made++, &how);
        }
    }
    while (sums != end) {
        int32_t sum = *sums + ((int32_t)(*made++ >> how.right) - how.base);
        if ((uint32_t)(sum + how.limit) > 2u * (uint32_t)how.limit) {
            sum = sum < 0 ? -how.limit : how.limit;
        }
        *sums++ = (int16_t)sum;
    }
}

/* Adds a block to the filters of one output channel and, where `second` is not NULL, the next one. What both make under
 * one tap is made in `made` [2][in_channels]. */
static inline void bnncl_accumulate_pair_i16(int16_t *first, int16_t *second, const bnncl_pair_block *block,
                                             const bnncl_two *numbers, int32_t *made,
                                             const bnncl_narrowing *by, const bnncl_window *window)
{
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t count = window->in_channels;
    uint32_t *const sums = (uint32_t *)made;
    const uint16_t *places = block->places;
    bnncl_pair_choice choice = {block->tables, block->octets, {{0, 0}}};
    bnncl_two all = {{by->offset, by->offset}};
    for (uint32_t p = 0; p < block->count; p++) {
        all = bnncl_plus(all, numbers[p]);
    }
    for (uint32_t i = 0; i < block->octets; i++) {
        bnncl_pair_table(block->tables + i * BNNCL_PAIR_ENTRIES, numbers + i * BNNCL_OCTET);
    }
    for (size_t tap = 0; tap < taps; tap++) {
        choice.all = bnncl_less(all, bnncl_chosen_by_mask(block->tables, block->padded[tap], block->octets));
        bnncl_zeros(made, 2 * count);
        bnncl_add_pairs(sums, sums + count, count, places, &choice);
        bnncl_add_made(first, sums, count, by);
        first += count;
        if (second != NULL) {
            bnncl_add_made(second, sums + count, count, by);
            second += count;
        }
        places += count * block->octets;
    }
}

/* Takes the gradients of output channels o and o + `next`, 0 for none, at a block's positions, 0 behind the last up to a
 * multiple of 8; false where all are 0. */
static inline bool bnncl_take_pair(bnncl_two *numbers, const int16_t *gradient, uint32_t count, size_t next,
                                   uint32_t channels)
{
    uint32_t any = 0;
    for (uint32_t p = 0; p < count; p++) {
        numbers[p].of[0] = (uint32_t)(int32_t)gradient[0];
        numbers[p].of[1] = next != 0 ? (uint32_t)(int32_t)gradient[next] : 0u;
        any |= numbers[p].of[0] | numbers[p].of[1];
        gradient += channels;
    }
    for (; count % BNNCL_OCTET != 0; count++) {
        numbers[count] = (bnncl_two){{0, 0}};
    }
    return any != 0;
}

void bnncl_filter_accumulate_bits_i16_pairs(int16_t *restrict sum, const uint32_t *restrict input,
                                            const int16_t *restrict gradient,
                                            const int32_t *restrict exponent, uint32_t *restrict scratch,
                                            const bnncl_alignment *restrict alignment,
                                            const bnncl_window *restrict window)
{
    const bnncl_narrowing by = bnncl_narrowing_of(alignment, *exponent);
    const size_t filter = (size_t)window->filter_h * window->filter_w * window->in_channels;
    const size_t positions = (size_t)window->out_h * window->out_w;
    bnncl_pair_block block = bnncl_pair_block_of(scratch + 2 * (size_t)window->in_channels, window);
    for (size_t left = by.adds ? positions : 0; left > 0; left -= block.count) {
        int16_t *sums = sum;
        bnncl_start_pair_block(&block, left);
        bnncl_make_places(&block, input, window);
        for (uint32_t o = 0; o < window->out_channels; o += 2) {
            bnncl_two numbers[BNNCL_BLOCK];
            const size_t next = o + 1u < window->out_channels;
            if (bnncl_take_pair(numbers, gradient + o, block.count, next, window->out_channels)) {
                int16_t *const second = next != 0 ? sums + filter : NULL;
                bnncl_accumulate_pair_i16(sums, second, &block, numbers, (int32_t *)scratch, &by, window);
            }
            sums += 2 * filter;
        }
        bnncl_next_pair_block(&block, window);
        gradient += (size_t)block.count * window->out_channels;
    }
}
