/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_ACCUMULATE_I16_H
#define BNNCL_INTERNAL_FILTER_ACCUMULATE_I16_H

#include "bnncl/gradient.h"
#include "bnncl/internal/filter_accumulate.h"
#include "bnncl/internal/narrow_sum.h"
#include "bnncl/internal/position.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* The gradient of a filter over inputs of 8 bits with sums in int16: as filter_accumulate.h, but what 32 positions give
 * is rounded before it is added. */

/* Adds one tap of a row of positions to the filters of all output channels; `sums` are those of the tap of the first
 * one. */
static inline void bnncl_accumulate_tap_i16(int16_t *sums, const uint8_t *columns, const int16_t *gradient,
                                            const bnncl_narrowing *by, const bnncl_row *row,
                                            const bnncl_window *window, bnncl_row_product product)
{
    const size_t others = ((size_t)window->filter_h * window->filter_w - 1u) * window->in_channels;
    const bnncl_shift as_they_are = bnncl_shift_of(0, INT16_MAX);
    for (uint32_t o = 0; o < window->out_channels; o++) {
        uint32_t d[BNNCL_IN_ROW];
        const uint32_t count =
            bnncl_align_row(d, gradient + o, &as_they_are, row->count, window->out_channels);
        const uint8_t *column = columns;
        for (uint32_t i = 0; i < window->in_channels; i += BNNCL_PAIR) {
            const uint32_t left = window->in_channels - i;
            const uint32_t pair = left < BNNCL_PAIR ? left : (uint32_t)BNNCL_PAIR;
            uint32_t made[BNNCL_PAIR] = {by->offset, by->offset};
            product(made, d, column, count);
            for (uint32_t at = 0; at < pair; at++) {
                *sums = bnncl_narrow_sum(*sums, made[at], by);
                sums++;
            }
            column += BNNCL_IN_ROW * BNNCL_PAIR;
        }
        sums += others;
    }
}

/* The whole gradient; `columns` is room for 64 bytes for each pair of input channels begun. */
static inline void bnncl_filter_accumulate_i16(int16_t *sum, const void *input, const int16_t *gradient,
                                               const bnncl_narrowing *by, uint8_t *columns,
                                               const bnncl_window *window, bnncl_row_product product)
{
    bnncl_row row = {{0, 0, 0}, 0};
    size_t left = by->adds ? (size_t)window->out_h * window->out_w : 0;
    for (; left > 0; left -= row.count) {
        int16_t *sums = sum;
        row.count = left < BNNCL_IN_ROW ? (uint32_t)left : (uint32_t)BNNCL_IN_ROW;
        for (uint32_t h = 0; h < window->filter_h; h++) {
            for (uint32_t w = 0; w < window->filter_w; w++) {
                bnncl_turn_round(columns, input, &row, h, w, window);
                bnncl_accumulate_tap_i16(sums, columns, gradient, by, &row, window, product);
                sums += window->in_channels;
            }
        }
        for (uint32_t i = 0; i < row.count; i++) {
            bnncl_next_position(&row.first, window);
        }
        gradient += (size_t)row.count * window->out_channels;
    }
}

#endif
