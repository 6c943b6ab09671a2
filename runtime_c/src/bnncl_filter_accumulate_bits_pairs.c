/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/filter.h"
#include "bnncl/gradient.h"
#include "bnncl/internal/filter_accumulate_pairs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds a block to the filters of two output channels, which may be the same where the second has no gradients. */
static inline void bnncl_accumulate_pair(uint32_t *first, uint32_t *second, const bnncl_pair_block *block,
                                         const bnncl_two *numbers, const bnncl_window *window)
{
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t count = window->in_channels;
    const uint16_t *places = block->places;
    bnncl_pair_choice choice = {block->tables, block->octets, {{0, 0}}};
    bnncl_two all = {{0, 0}};
    for (uint32_t p = 0; p < block->count; p++) {
        all = bnncl_plus(all, numbers[p]);
    }
    for (uint32_t i = 0; i < block->octets; i++) {
        bnncl_pair_table(block->tables + i * BNNCL_PAIR_ENTRIES, numbers + i * BNNCL_OCTET);
    }
    for (size_t tap = 0; tap < taps; tap++) {
        choice.all = bnncl_less(all, bnncl_chosen_by_mask(block->tables, block->padded[tap], block->octets));
        bnncl_add_pairs(first, second, count, places, &choice);
        places += count * block->octets;
        first += count;
        second += count;
    }
}

/* How gradients become what is summed up. Where none reaches the limit they need no more than half the divisor added
 * before the division. */
typedef struct {
    bnncl_shift shift;
    bool plain;
    int32_t half;
} bnncl_aligning;

static inline uint32_t bnncl_aligned(const bnncl_aligning *by, int32_t gradient)
{
    return (uint32_t)(by->plain ? bnncl_shift_right_floor32(gradient + by->half, by->shift.right)
                                : bnncl_shifted(&by->shift, gradient));
}

/* Takes the gradients of one output channel, or of it and the next one, at a block's positions, 0 behind the last up to
 * a multiple of 8; false where all are 0. */
static inline bool bnncl_take_pair(bnncl_two *numbers, const int16_t *gradient, uint32_t count, size_t next,
                                   const bnncl_aligning *by, uint32_t channels)
{
    const bnncl_aligning how = *by;
    uint32_t any = 0;
    for (uint32_t p = 0; p < count; p++) {
        numbers[p].of[0] = bnncl_aligned(&how, gradient[0]);
        numbers[p].of[1] = next != 0 ? bnncl_aligned(&how, gradient[next]) : 0u;
        any |= numbers[p].of[0] | numbers[p].of[1];
        gradient += channels;
    }
    for (; count % BNNCL_OCTET != 0; count++) {
        numbers[count] = (bnncl_two){{0, 0}};
    }
    return any != 0;
}

void bnncl_filter_accumulate_bits_pairs(int32_t *restrict sum, const uint32_t *restrict input,
                                        const int16_t *restrict gradient, const int32_t *restrict exponent,
                                        uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                        const bnncl_window *restrict window)
{
    bnncl_aligning by = {bnncl_shift_of(alignment->exponent - *exponent, alignment->limit), false, 0};
    const size_t filter = (size_t)window->filter_h * window->filter_w * window->in_channels;
    bnncl_pair_block block = bnncl_pair_block_of(scratch, window);
    if (by.shift.right != 0 && by.shift.limit > INT16_MAX) {
        by.plain = true;
        by.half = INT32_C(1) << (by.shift.right - 1u);
    }
    for (size_t left = (size_t)window->out_h * window->out_w; left > 0; left -= block.count) {
        uint32_t *sums = (uint32_t *)sum;
        block.count = left < BNNCL_BLOCK ? (uint32_t)left : BNNCL_BLOCK;
        block.octets = (block.count + 7u) / 8u;
        bnncl_make_places(&block, input, window);
        for (uint32_t o = 0; o < window->out_channels; o += 2) {
            bnncl_two numbers[BNNCL_BLOCK];
            const bool two = o + 1u < window->out_channels;
            if (bnncl_take_pair(numbers, gradient + o, block.count, two, &by, window->out_channels)) {
                bnncl_accumulate_pair(sums, two ? sums + filter : sums, &block, numbers, window);
            }
            sums += 2 * filter;
        }
        bnncl_next_pair_block(&block, window);
        gradient += (size_t)block.count * window->out_channels;
    }
}
