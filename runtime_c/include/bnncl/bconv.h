/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_BCONV_H
#define BNNCL_BCONV_H

#include "bnncl/epilogue.h"
#include "bnncl/types.h"

#include <stdint.h>

/* Binary convolutions: acc = sum of x * w over the taps of the window and the input channels, x and w +1 or
 * -1, |acc| <= filter_h * filter_w * in_channels < 2**31.
 *
 * In all of them
 *   input    binary [in_h][in_w][in_channels]
 *   output   [out_h][out_w][out_channels], binary (sign), int32_t (i32), or rescaled: int8_t or uint8_t where
 *            rescale->bits is 8, int16_t where it is 16
 *   scratch  aligned to 4 bytes; contents do not matter before and mean nothing after
 * No two of them overlap; the parameters are only read. A linear layer is a window of one tap. */

/* Word-parallel (XOR and popcount).
 *   filter   [out_channels][filter_h][filter_w][ceil(in_channels / 32)] words, bit 1 = -1, tail bits 0
 *   scratch  filter_h * filter_w * ceil(in_channels / 32) words */
void bnncl_bconv_xnor_sign(const uint32_t *restrict input, const uint32_t *restrict filter,
                           uint32_t *restrict output, uint32_t *restrict scratch,
                           const bnncl_steps *restrict steps, const bnncl_window *restrict window);

void bnncl_bconv_xnor_rescale(const uint32_t *restrict input, const uint32_t *restrict filter,
                              void *restrict output, uint32_t *restrict scratch,
                              const bnncl_rescale *restrict rescale, const bnncl_window *restrict window);

void bnncl_bconv_xnor_i32(const uint32_t *restrict input, const uint32_t *restrict filter,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_window *restrict window);

/* Vertical: 32 output channels in the bit lanes of a word; for each activation of -1 the word of its weights
 * is added into bit-sliced counters. Time depends on the data: it grows with the number of activations that
 * are -1. in_channels < 2**16.
 *   rows     [ceil(out_channels / 32)][filter_h][filter_w][in_channels + 1] words, lane = out channel % 32,
 *            bit 1 = -1; the last word of each tap and the lanes beyond the last channel are 0
 *   scratch  first 3 + taps * ceil(ceil(in_channels / 4) / 2) words of carries, taps = filter_h * filter_w;
 *            then lists of uint16_t: [min(in_h, (filter_h - 1) * dilation_h + 1)][in_w], each of
 *            6 + in_channels / 4 * 4 numbers
 * Counters have `plane_count` bits, odd, 3..25; with K = taps * in_channels, ceil(K / 2) <=
 * 2**(plane_count - 1) - 2. */

/* One step for each channel, as the counter that reaches it, by border class and parity of the number of
 * activations of -1. */
typedef struct {
    const uint32_t *planes;  /* [row classes][column classes][2][groups][plane_count] words, tail lanes 0 */
    const uint32_t *reached; /* [groups] words, the sign from the step on, bit 1 = -1, tail lanes 0 */
    uint32_t plane_count;
} bnncl_vertical_steps;

/* What four times a counter lacks to the accumulator. */
typedef struct {
    const int32_t *base; /* [row classes][column classes][out_channels] */
    uint32_t plane_count;
} bnncl_vertical_sums;

void bnncl_bconv_vertical_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                               uint32_t *restrict output, uint32_t *restrict scratch,
                               const bnncl_vertical_steps *restrict steps,
                               const bnncl_border *restrict border, const bnncl_window *restrict window);

void bnncl_bconv_vertical_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                              int32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                              const bnncl_window *restrict window);

/* Over active rows: vertical as well and faster, with lists of 32-bit entries that address rows without any
 * arithmetic, and as the counting itself a function that a core may have its own of. dilation_w is 1;
 * filter_h * filter_w * (in_channels + 1) and in_w * (in_channels + 1) < 2**28.
 *   rows     as above
 *   scratch  words: 5 * filter_h + 3 * (out_w + 1) of parts; 2 * (3 + filter_h + taps * in_channels / 16)
 *            of carries; 2 * plane_count of planes, for i32 (1 + groups) * plane_count + 48; lists, for each of
 *            min(in_h, (filter_h - 1) * dilation_h + 1) rows in_w * (in_channels + 1) + 2
 * plane_count is even, 6..24, for i32 up to 14; ceil(K / 2) <= 2**(plane_count - 1) - 2. */
void bnncl_bconv_rows_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                           uint32_t *restrict output, uint32_t *restrict scratch,
                           const bnncl_vertical_steps *restrict steps, const bnncl_border *restrict border,
                           const bnncl_window *restrict window);

void bnncl_bconv_rows_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                          const bnncl_window *restrict window);

/* Over the rarer rows: the same over the activations of -1 or of +1, whichever adds fewer rows for the map at
 * hand, so that it never adds more than half of them. What it needs is that of the kernels over active rows;
 * the second set of limits and of sums is for the input, padding included, with every sign turned. Padding of
 * any value has border classes here. */

typedef struct {
    const uint32_t *planes;     /* [2] times those of bnncl_vertical_steps */
    const uint32_t *reached;    /* [2][groups], the second for accumulators of the opposite sign */
    const uint8_t *row_uses;    /* [in_h], output rows whose windows cover each row */
    const uint8_t *column_uses; /* [in_w], the same for columns */
    uint32_t plane_count;
    uint32_t turned; /* words from the first set of planes to the second */
    uint32_t half;   /* of the sum of row_uses * column_uses over all activations, rounded down; < 2**31 */
} bnncl_rarer_steps;

typedef struct {
    const int32_t *base; /* that of bnncl_vertical_sums, twice where `turned` is not 0 */
    const uint8_t *row_uses;
    const uint8_t *column_uses;
    uint32_t plane_count;
    uint32_t turned; /* numbers from the first set of `base` to the second, 0: they are the same */
    uint32_t half;
} bnncl_rarer_sums;

void bnncl_bconv_rarer_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                            uint32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_rarer_steps *restrict steps, const bnncl_border *restrict border,
                            const bnncl_window *restrict window);

void bnncl_bconv_rarer_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                           int32_t *restrict output, uint32_t *restrict scratch,
                           const bnncl_rarer_sums *restrict sums, const bnncl_border *restrict border,
                           const bnncl_window *restrict window);

#endif
