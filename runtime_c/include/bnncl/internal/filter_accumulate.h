/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_FILTER_ACCUMULATE_H
#define BNNCL_INTERNAL_FILTER_ACCUMULATE_H

#include "bnncl/gradient.h"
#include "bnncl/internal/element.h"
#include "bnncl/internal/position.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* Gradient of a filter over inputs that are integers: four positions at a time, so that each sum is loaded and stored
 * once for four products. Sums are taken modulo 2**32, in uint32_t: exact where they fit int32_t at the end. */

enum { BNNCL_AT_ONCE = 4 };

/* Four positions under one tap: where their inputs begin and where their gradients do. Of those that are padding or
 * behind the last one `counts` is 0; they stand at the first element of both. */
typedef struct {
    size_t input[BNNCL_AT_ONCE];
    size_t gradient[BNNCL_AT_ONCE];
    uint32_t counts[BNNCL_AT_ONCE];
} bnncl_four;

/* The inputs under tap (h, w) of `count` positions from `position` on. */
static inline bnncl_four bnncl_four_under(bnncl_position position, uint32_t count, uint32_t h, uint32_t w,
                                          const bnncl_window *window)
{
    bnncl_four four = {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}};
    for (uint32_t i = 0; i < count; i++) {
        size_t pixel = 0;
        if (bnncl_is_inside(&position, h, w, window, &pixel)) {
            four.input[i] = pixel * window->in_channels;
            four.gradient[i] = position.at * window->out_channels;
            four.counts[i] = 1;
        }
        bnncl_next_position(&position, window);
    }
    return four;
}

/* sums[i] += the four products of d with the inputs of channel i. */
static inline void bnncl_add_products(uint32_t *sums, const void *input, const bnncl_four *four,
                                      const uint32_t *d, uint32_t channels, bnncl_load load)
{
    const size_t at0 = four->input[0];
    const size_t at1 = four->input[1];
    const size_t at2 = four->input[2];
    const size_t at3 = four->input[3];
    const uint32_t d0 = d[0];
    const uint32_t d1 = d[1];
    const uint32_t d2 = d[2];
    const uint32_t d3 = d[3];
    for (uint32_t i = 0; i < channels; i++) {
        uint32_t sum = sums[i];
        sum += d0 * (uint32_t)load(input, at0 + i);
        sum += d1 * (uint32_t)load(input, at1 + i);
        sum += d2 * (uint32_t)load(input, at2 + i);
        sum += d3 * (uint32_t)load(input, at3 + i);
        sums[i] = sum;
    }
}

/* One tap of four positions, for all output channels; `sums` are those of the tap of the first one. */
static inline void bnncl_accumulate_tap(uint32_t *sums, const void *input, const int16_t *gradient,
                                        const bnncl_shift *shift, const bnncl_four *four,
                                        const bnncl_window *window, bnncl_load load)
{
    const size_t filter = (size_t)window->filter_h * window->filter_w * window->in_channels;
    for (uint32_t o = 0; o < window->out_channels; o++) {
        uint32_t d[BNNCL_AT_ONCE];
        uint32_t any = 0;
        for (uint32_t i = 0; i < BNNCL_AT_ONCE; i++) {
            const int32_t mantissa = gradient[four->gradient[i] + o];
            d[i] = four->counts[i] != 0 ? (uint32_t)bnncl_shifted(shift, mantissa) : 0u;
            any |= d[i];
        }
        if (any != 0) {
            bnncl_add_products(sums, input, four, d, window->in_channels, load);
        }
        sums += filter;
    }
}

/* The whole gradient. */
static inline void bnncl_filter_accumulate(uint32_t *sum, const void *input, const int16_t *gradient,
                                           const bnncl_shift *shift, const bnncl_window *window,
                                           bnncl_load load)
{
    bnncl_position position = {0, 0, 0};
    for (size_t left = (size_t)window->out_h * window->out_w; left > 0;) {
        const uint32_t count = left < BNNCL_AT_ONCE ? (uint32_t)left : (uint32_t)BNNCL_AT_ONCE;
        uint32_t *sums = sum;
        for (uint32_t h = 0; h < window->filter_h; h++) {
            for (uint32_t w = 0; w < window->filter_w; w++) {
                const bnncl_four four = bnncl_four_under(position, count, h, w, window);
                bnncl_accumulate_tap(sums, input, gradient, shift, &four, window, load);
                sums += window->in_channels;
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            bnncl_next_position(&position, window);
        }
        left -= count;
    }
}

#endif
