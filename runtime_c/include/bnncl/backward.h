/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_BACKWARD_H
#define BNNCL_BACKWARD_H

#include "bnncl/types.h"

#include <stdint.h>

/* Gradients of values. Mantissas are int16_t and share an exponent, one int32_t in -2**15..2**15; wide gradients are
 * int32_t, within it by the compiler's proof. Values have `pixels` pixels (height * width) of `channels` channels, or
 * `count` elements. No two arrays that are written overlap others unless it is said. */

/* The exponent with which mantissas of `bits` bits hold x: *x_exponent + bias + (bits of the largest magnitude of x),
 * bias less bits - 1. */
void bnncl_block_exponent_i16(const int16_t *restrict x, const int32_t *restrict x_exponent,
                              int32_t *restrict output, int32_t bias, uint32_t count);

void bnncl_block_exponent_i32(const int32_t *restrict x, const int32_t *restrict x_exponent,
                              int32_t *restrict output, int32_t bias, uint32_t count);

/* The exponent that was calibrated at compile time. */
void bnncl_fixed_exponent(int32_t *restrict output, int32_t exponent);

/* Mantissas with *exponent of the gradient x with *x_exponent + bias: x / 2**(*exponent - *x_exponent - bias) to
 * nearest, halves up, saturated at 2**(bits - 1) - 1, bits in 2..16. `x` and `output` may be the same array, which
 * begins at a multiple of 4 bytes. */
void bnncl_normalise_i16(const int16_t *x, const int32_t *x_exponent, const int32_t *exponent,
                         int16_t *output, int32_t bias, uint32_t bits, uint32_t count);

void bnncl_normalise_i32(const int32_t *x, const int32_t *x_exponent, const int32_t *exponent,
                         int16_t *output, int32_t bias, uint32_t bits, uint32_t count);

/* The exponent of a sum: the greater one of *x + x_bias and *y + y_bias. */
void bnncl_sum_exponent(const int32_t *restrict x, const int32_t *restrict y, int32_t *restrict output,
                        int32_t x_bias, int32_t y_bias);

/* The numbers of a sum. */
typedef struct {
    int32_t x_bias;
    int32_t y_bias;
    uint32_t count; /* elements */
} bnncl_sum;

/* x with *x_exponent + x_bias plus y with *y_exponent + y_bias, both brought to *exponent, to nearest, halves up, and
 * saturated at 2**29. */
void bnncl_aligned_sum(const int16_t *restrict x, const int32_t *restrict x_exponent,
                       const int16_t *restrict y, const int32_t *restrict y_exponent,
                       const int32_t *restrict exponent, int32_t *restrict output,
                       const bnncl_sum *restrict sum);

/* How forward copies of weights are made, and the sizes of a head: copy = saturate(floor((w + half) / 2**drop), lo, hi)
 * with half = 2**(drop - 1), 0 for drop 0. */
typedef struct {
    int32_t lo;
    int32_t hi;
    uint32_t drop;     /* 0..14 */
    uint32_t classes;  /* rows */
    uint32_t features; /* of a row */
    uint32_t outputs;  /* features that have a gradient, the first ones */
} bnncl_head_copies;

/* The gradient of a head's features: sum over classes of delta[c] * copy(weights[c][f]).
 *   delta    [classes]
 *   weights  [classes][features]
 *   output   [outputs] */
void bnncl_head_input_gradient(const int16_t *restrict delta, const int16_t *restrict weights,
                               int32_t *restrict output, const bnncl_head_copies *restrict copies);

/* x * factor[c]: the gradient of a scale's input. */
void bnncl_channel_product(const int16_t *restrict x, const int16_t *restrict factor,
                           int32_t *restrict output, uint32_t pixels, uint32_t channels);

/* The gradient of the input `of` of a unit with slopes: x * slope[c] where of < 0, else x * 2**shift, shift in 0..15. */
void bnncl_slope_gradient_i8(const int16_t *restrict x, const int8_t *restrict of,
                             const int16_t *restrict slope, int32_t *restrict output, uint32_t shift,
                             uint32_t pixels, uint32_t channels);

/* The same with x * positive[c] where of >= 0. */
void bnncl_two_slopes_gradient_i8(const int16_t *restrict x, const int8_t *restrict of,
                                  const int16_t *restrict slope, const int16_t *restrict positive,
                                  int32_t *restrict output, uint32_t pixels, uint32_t channels);

/* x where the mask is +1, else 0. `x` and `output` may be the same array.
 *   mask     binary [pixels][channels] */
void bnncl_masked_i16(const int16_t *x, const uint32_t *mask, int16_t *output, uint32_t pixels,
                      uint32_t channels);

void bnncl_masked_i32(const int32_t *x, const uint32_t *mask, int32_t *output, uint32_t pixels,
                      uint32_t channels);

/* x * y, element by element. */
void bnncl_product_u8(const int16_t *restrict x, const uint8_t *restrict y, int32_t *restrict output,
                      uint32_t count);

/* The gradient of a pool's input; `window` is that of the pool, out_channels equal to in_channels.
 *   x        [out_h][out_w][in_channels]
 *   output   [in_h][in_w][in_channels] */

/* Of a sum: the gradient of each window goes to all its elements. */
void bnncl_sumpool_gradient(const int16_t *restrict x, int32_t *restrict output,
                            const bnncl_window *restrict window);

/* Of a maximum: it goes to the first largest element, by rows, then by columns. `of` is the pool's input, as output. */
void bnncl_maxpool_gradient_u8(const int16_t *restrict x, const uint8_t *restrict of,
                               int32_t *restrict output, const bnncl_window *restrict window);

void bnncl_maxpool_gradient_i8(const int16_t *restrict x, const int8_t *restrict of, int32_t *restrict output,
                               const bnncl_window *restrict window);

void bnncl_maxpool_gradient_i16(const int16_t *restrict x, const int16_t *restrict of,
                                int32_t *restrict output, const bnncl_window *restrict window);

void bnncl_maxpool_gradient_i32(const int16_t *restrict x, const int32_t *restrict of,
                                int32_t *restrict output, const bnncl_window *restrict window);

/* The gradient of an offset: the sum over all pixels.
 *   output   [channels] */
void bnncl_channel_sum(const int16_t *restrict x, int32_t *restrict output, uint32_t pixels,
                       uint32_t channels);

/* The numbers of a sum of products. The caller has proven that x * y + 2**(shift - 1) and the sum fit int32. */
typedef struct {
    int32_t lo;     /* y counts as lo where it is less, */
    int32_t hi;     /* and as hi where it is greater */
    uint32_t shift; /* 0..30 */
} bnncl_channel_dot;

/* The gradient of a scale or a slope: the sum over all pixels of floor((x * y + half) / 2**shift), half = 2**(shift - 1)
 * or 0 for shift 0. A part of y is taken by its limits: from 0 on, or up to 0.
 *   output   [channels] */
void bnncl_channel_dot_i8(const int16_t *restrict x, const int8_t *restrict y, int32_t *restrict output,
                          const bnncl_channel_dot *restrict dot, uint32_t pixels, uint32_t channels);

void bnncl_channel_dot_u8(const int16_t *restrict x, const uint8_t *restrict y, int32_t *restrict output,
                          const bnncl_channel_dot *restrict dot, uint32_t pixels, uint32_t channels);

void bnncl_channel_dot_i16(const int16_t *restrict x, const int16_t *restrict y, int32_t *restrict output,
                           const bnncl_channel_dot *restrict dot, uint32_t pixels, uint32_t channels);

#endif
