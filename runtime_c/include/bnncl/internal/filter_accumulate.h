/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_ACCUMULATE_H
#define BNNCL_INTERNAL_FILTER_ACCUMULATE_H

#include "bnncl/gradient.h"
#include "bnncl/internal/position.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Gradient of a filter over inputs of 8 bits: 32 positions at a time. Under one tap their inputs are turned round, so
 * that those of two channels stand side by side, position by position; two sums are then one row of gradients times a
 * row of pairs. Sums are taken modulo 2**32, in uint32_t: exact where they fit int32_t at the end. */

enum { BNNCL_IN_ROW = 32, BNNCL_AT_ONCE = 4, BNNCL_PAIR = 2 };

/* Up to 32 positions from `first` on. */
typedef struct {
    bnncl_position first;
    uint32_t count;
} bnncl_row;

/* d * x modulo 2**32. */
static inline uint32_t bnncl_times(uint32_t d, int32_t x)
{
    return d * (uint32_t)x;
}

/* Adds the products of d with `count` pairs x to two sums; `count` is a multiple of 4. One function for each type of
 * inputs. */
typedef void (*bnncl_row_product)(uint32_t *sums, const uint32_t *d, const uint8_t *x, uint32_t count);

#define BNNCL_DEFINE_ROW_PRODUCT(name, x_type)                                                               \
    static inline void name(uint32_t *sums, const uint32_t *d, const uint8_t *x, uint32_t count)             \
    {                                                                                                        \
        const x_type *number = (const x_type *)x;                                                            \
        const uint32_t *const end = d + count;                                                               \
        uint32_t first = sums[0];                                                                            \
        uint32_t second = sums[1];                                                                           \
        while (d != end) {                                                                                   \
            first += bnncl_times(d[0], number[0]);                                                           \
            second += bnncl_times(d[0], number[1]);                                                          \
            first += bnncl_times(d[1], number[2]);                                                           \
            second += bnncl_times(d[1], number[3]);                                                          \
            first += bnncl_times(d[2], number[4]);                                                           \
            second += bnncl_times(d[2], number[5]);                                                          \
            first += bnncl_times(d[3], number[6]);                                                           \
            second += bnncl_times(d[3], number[7]);                                                          \
            d += BNNCL_AT_ONCE;                                                                              \
            number += BNNCL_AT_ONCE * BNNCL_PAIR;                                                            \
        }                                                                                                    \
        sums[0] = first;                                                                                     \
        sums[1] = second;                                                                                    \
    }

BNNCL_DEFINE_ROW_PRODUCT(bnncl_row_product_i8, int8_t)
BNNCL_DEFINE_ROW_PRODUCT(bnncl_row_product_u8, uint8_t)

/* Turns round what a row of positions reads under tap (h, w): [pairs of channels][32][2], 0 where that is padding,
 * behind the last position and the last channel. */
static inline void bnncl_turn_round(uint8_t *columns, const uint8_t *input, const bnncl_row *row, uint32_t h,
                                    uint32_t w, const bnncl_window *window)
{
    const uint32_t channels = window->in_channels;
    const uint32_t pairs = (channels + 1u) / BNNCL_PAIR;
    bnncl_position position = row->first;
    memset(columns, 0, (size_t)pairs * BNNCL_IN_ROW * BNNCL_PAIR);
    for (uint32_t p = 0; p < row->count; p++) {
        size_t pixel = 0;
        if (bnncl_is_inside(&position, h, w, window, &pixel)) {
            const uint8_t *from = input + pixel * channels;
            uint8_t *column = columns + (size_t)p * BNNCL_PAIR;
            for (uint32_t i = 0; i < channels; i++) {
                column[i % BNNCL_PAIR] = from[i];
                column += i % BNNCL_PAIR * (BNNCL_IN_ROW * BNNCL_PAIR);
            }
        }
        bnncl_next_position(&position, window);
    }
}

/* Brings the gradients of one channel to the exponent of the sums; `gradient` is that of the first position. 0 behind
 * the last one, up to a multiple of 4, which is returned. */
static inline uint32_t bnncl_align_row(uint32_t *d, const int16_t *gradient, const bnncl_shift *shift,
                                       uint32_t count, uint32_t channels)
{
    for (uint32_t p = 0; p < count; p++) {
        d[p] = (uint32_t)bnncl_shifted(shift, *gradient);
        gradient += channels;
    }
    while (count % BNNCL_AT_ONCE != 0) {
        d[count++] = 0;
    }
    return count;
}

/* Adds one tap of a row of positions to the filters of all output channels; `sums` are those of the tap of the first
 * one. */
static inline void bnncl_accumulate_tap(uint32_t *sums, const uint8_t *columns, const int16_t *gradient,
                                        const bnncl_shift *shift, const bnncl_row *row,
                                        const bnncl_window *window, bnncl_row_product product)
{
    const size_t others = ((size_t)window->filter_h * window->filter_w - 1u) * window->in_channels;
    for (uint32_t o = 0; o < window->out_channels; o++) {
        uint32_t d[BNNCL_IN_ROW];
        const uint32_t count = bnncl_align_row(d, gradient + o, shift, row->count, window->out_channels);
        const uint8_t *column = columns;
        for (uint32_t i = 0; i + 1u < window->in_channels; i += BNNCL_PAIR) {
            product(sums, d, column, count);
            sums += BNNCL_PAIR;
            column += BNNCL_IN_ROW * BNNCL_PAIR;
        }
        if (window->in_channels % BNNCL_PAIR != 0) {
            uint32_t last[BNNCL_PAIR] = {*sums, 0};
            product(last, d, column, count);
            *sums++ = last[0];
        }
        sums += others;
    }
}

/* The whole gradient; `columns` is room for 64 bytes for each pair of input channels begun. */
static inline void bnncl_filter_accumulate(uint32_t *sum, const void *input, const int16_t *gradient,
                                           const bnncl_shift *shift, uint8_t *columns,
                                           const bnncl_window *window, bnncl_row_product product)
{
    bnncl_row row = {{0, 0, 0}, 0};
    for (size_t left = (size_t)window->out_h * window->out_w; left > 0; left -= row.count) {
        uint32_t *sums = sum;
        row.count = left < BNNCL_IN_ROW ? (uint32_t)left : (uint32_t)BNNCL_IN_ROW;
        for (uint32_t h = 0; h < window->filter_h; h++) {
            for (uint32_t w = 0; w < window->filter_w; w++) {
                bnncl_turn_round(columns, input, &row, h, w, window);
                bnncl_accumulate_tap(sums, columns, gradient, shift, &row, window, product);
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
