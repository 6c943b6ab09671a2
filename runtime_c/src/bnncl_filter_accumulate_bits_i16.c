/* SPDX-License-Identifier: 0BSD */
#include "bnncl/filter.h"
#include "bnncl/internal/filter_accumulate_bits.h"
#include "bnncl/internal/narrow_sum.h"

#include <stddef.h>
#include <stdint.h>

/* Adds to each sum the signed sum that the word of the same place chooses: `all` less twice what tables of parts give;
 * `all` holds the offset of `by`. */
static inline void bnncl_add_chosen_i16(int16_t *sums, const bnncl_choices *choices, const uint32_t *tables,
                                        uint32_t bytes, uint32_t all, const bnncl_narrowing *by)
{
    const bnncl_narrowing how = *by;
    const uint32_t *word = choices->first;
    const int16_t *const end = sums + choices->count;
    while (sums != end) {
        const uint32_t chosen = bnncl_chosen_by_bytes(tables, *word++, bytes);
        *sums = bnncl_narrow_sum(*sums, all - (chosen << 1), &how);
        sums++;
    }
}

/* The same, by as many bytes as `numbers`, 1..32, take. */
static inline void bnncl_add_choices_i16(int16_t *sums, const bnncl_choices *choices, const uint32_t *tables,
                                         uint32_t numbers, uint32_t all, const bnncl_narrowing *by)
{
    if (by->right == 0) {
        bnncl_add_chosen_i16(sums, choices, tables, (numbers + 7u) / 8u, all, by);
    } else if (numbers > 24) {
        bnncl_add_chosen_i16(sums, choices, tables, 4, all, by);
    } else if (numbers > 16) {
        bnncl_add_chosen_i16(sums, choices, tables, 3, all, by);
    } else if (numbers > 8) {
        bnncl_add_chosen_i16(sums, choices, tables, 2, all, by);
    } else {
        bnncl_add_chosen_i16(sums, choices, tables, 1, all, by);
    }
}

/* Adds a block to the filter of one output channel; `gradient` is that of the block's first position. */
static inline void bnncl_accumulate_block_i16(int16_t *sums, const bnncl_block *block,
                                              const int16_t *gradient, const bnncl_narrowing *by,
                                              const bnncl_window *window)
{
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    uint32_t numbers[BNNCL_IN_WORD];
    uint32_t any = 0;
    uint32_t all = by->offset;
    for (uint32_t p = 0; p < block->count; p++) {
        numbers[p] = (uint32_t)*gradient;
        any |= numbers[p];
        all += numbers[p];
        gradient += window->out_channels;
    }
    if (any == 0) {
        return;
    }
    bnncl_byte_tables_of_parts(block->tables, numbers, block->count);
    bnncl_choices choices = {block->columns, 1, window->in_channels};
    for (size_t tap = 0; tap < taps; tap++) {
        const uint32_t off = bnncl_chosen(block->tables, block->padded[tap], block->count);
        bnncl_add_choices_i16(sums, &choices, block->tables, block->count, all - off, by);
        choices.first += choices.count;
        sums += choices.count;
    }
}

void bnncl_filter_accumulate_bits_i16(int16_t *restrict sum, const uint32_t *restrict input,
                                      const int16_t *restrict gradient, const int32_t *restrict exponent,
                                      uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                      const bnncl_window *restrict window)
{
    const bnncl_narrowing by = bnncl_narrowing_of(alignment, *exponent);
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t filter = taps * window->in_channels;
    bnncl_block block = {{0, 0, 0}, 0, scratch, scratch + filter, scratch + filter + taps};
    size_t left = by.adds ? (size_t)window->out_h * window->out_w : 0;
    for (; left > 0; left -= block.count) {
        int16_t *sums = sum;
        block.count = left < BNNCL_IN_WORD ? (uint32_t)left : (uint32_t)BNNCL_IN_WORD;
        bnncl_make_columns(&block, input, window);
        for (uint32_t o = 0; o < window->out_channels; o++) {
            bnncl_accumulate_block_i16(sums, &block, gradient + o, &by, window);
            sums += filter;
        }
        bnncl_next_block(&block, window);
        gradient += (size_t)block.count * window->out_channels;
    }
}
