/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_FILTER_H
#define BNNCL_FILTER_H

#include "bnncl/types.h"

#include <stdint.h>

/* Convolutions with binary filters that learn: forward, gradient of the input, gradient of the filter.
 *
 * The window is the convolution's own in all of them: `in` is what it reads, `out` what it makes. Signs are bits, 1 for
 * -1, in words of 32, tail bits 0. Scratch is aligned to 4 bytes; contents do not matter before and mean nothing
 * after. Nothing overlaps. The forward pass over binary inputs is bnncl_bconv_xnor_i32. */

/* Sum of x * w over the taps of the window that are not padding and the input channels; the caller has proven that it
 * fits int32_t.
 *   input    [in_h][in_w][in_channels]
 *   signs    [out_channels][filter_h * filter_w][ceil(in_channels / 32)] words
 *   output   [out_h][out_w][out_channels]
 *   scratch  16 words for each four input channels begun, of at most 32 channels */
void bnncl_filter_conv_i8(const int8_t *restrict input, const uint32_t *restrict signs,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_window *restrict window);

void bnncl_filter_conv_u8(const uint8_t *restrict input, const uint32_t *restrict signs,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_window *restrict window);

/* What is known of a convolution before its filter is. */
typedef struct {
    uint32_t plane_count; /* as for bnncl_bconv_rows_i32 */
    uint32_t classes;     /* border classes: those of rows times those of columns */
} bnncl_planned;

/* The same over binary inputs [in_h][in_w][ceil(in_channels / 32)] words, padded taps as window->pad_value says, over
 * active rows: with the limits of bnncl_bconv_rows_i32. Border classes are numbered in the order in which rows and
 * columns meet them.
 *   scratch  words: for each 32 output channels begun filter_h * filter_w * (in_channels + 1); classes * out_channels;
 *            then what bnncl_bconv_rows_i32 needs, or 32, or filter_h * filter_w * out_channels where these are more */
void bnncl_filter_conv_rows(const uint32_t *restrict input, const uint32_t *restrict signs,
                            int32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_planned *restrict planned, const bnncl_border *restrict border,
                            const bnncl_window *restrict window);

/* Gradient of the input: for each input the sum of gradient * w over the outputs that read it; the caller has proven
 * that it fits int32_t.
 *   gradient [out_h][out_w][out_channels]
 *   signs    [filter_h * filter_w][in_channels][ceil(out_channels / 32)] words
 *   output   [in_h][in_w][in_channels]
 *   scratch  256 words for each eight output channels begun, of at most 32 channels */
void bnncl_filter_input_gradient(const int16_t *restrict gradient, const uint32_t *restrict signs,
                                 int32_t *restrict output, uint32_t *restrict scratch,
                                 const bnncl_window *restrict window);

/* The same, two positions at a time, with more scratch: 512 words for each eight output channels begun, of at most 32,
 * in_channels words and, in whole words, as many times 2 bytes for each tap and input channel. */
void bnncl_filter_input_gradient_pairs(const int16_t *restrict gradient, const uint32_t *restrict signs,
                                       int32_t *restrict output, uint32_t *restrict scratch,
                                       const bnncl_window *restrict window);

/* How the gradient of a convolution's output becomes what is summed up: gradient * 2**(its exponent - exponent) to
 * nearest, halves up, within -limit..limit. */
typedef struct {
    int32_t exponent; /* of the sum, less the bias of the gradient's exponent */
    int32_t limit;    /* 0 or more */
} bnncl_alignment;

/* Adds the gradient of the filter: sum over all positions of d * x, d as above, x the inputs under the tap. The caller
 * has proven that the sum fits int32_t; what is summed in between need not.
 *   sum      [out_channels][filter_h * filter_w][in_channels]
 *   input    [in_h][in_w][in_channels], binary (bits) or 8-bit integers (i8, u8), padded taps as window->pad_value says;
 *            integers: 0
 *   gradient [out_h][out_w][out_channels]
 *   exponent [1] of the gradient, within -2**30..2**30
 *   scratch  bits: (in_channels + 1) * filter_h * filter_w words, then 256 for each eight positions begun, of at most
 *            32 positions; integers: 16 words for each two input channels begun */
void bnncl_filter_accumulate_bits(int32_t *restrict sum, const uint32_t *restrict input,
                                  const int16_t *restrict gradient, const int32_t *restrict exponent,
                                  uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                  const bnncl_window *restrict window);

/* The same, two output channels at a time, with more scratch: filter_h * filter_w words, 512 for each eight positions
 * begun, of at most 32, and, in whole words, as many times 2 bytes for each sum of one channel. */
void bnncl_filter_accumulate_bits_pairs(int32_t *restrict sum, const uint32_t *restrict input,
                                        const int16_t *restrict gradient, const int32_t *restrict exponent,
                                        uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                        const bnncl_window *restrict window);

void bnncl_filter_accumulate_i8(int32_t *restrict sum, const int8_t *restrict input,
                                const int16_t *restrict gradient, const int32_t *restrict exponent,
                                uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                const bnncl_window *restrict window);

void bnncl_filter_accumulate_u8(int32_t *restrict sum, const uint8_t *restrict input,
                                const int16_t *restrict gradient, const int32_t *restrict exponent,
                                uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                const bnncl_window *restrict window);

/* The same with sums in int16: what a block of 32 positions adds up to, in row-major order, d being the gradient as it
 * is, is brought to the exponent as a whole, to nearest, halves up, within -2**30..2**30; then it is added, and the new
 * sum stops at -limit and limit. The caller has proven that what a block gives is below 2**30. limit is 1..2**15 - 1.
 *   sum      [out_channels][filter_h * filter_w][in_channels], within -limit..limit
 *   gradient within -(2**15 - 1)..2**15 - 1 */
void bnncl_filter_accumulate_bits_i16(int16_t *restrict sum, const uint32_t *restrict input,
                                      const int16_t *restrict gradient, const int32_t *restrict exponent,
                                      uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                      const bnncl_window *restrict window);

/* The same, two output channels at a time; scratch as with sums in int32, and 2 words for each input channel. */
void bnncl_filter_accumulate_bits_i16_pairs(int16_t *restrict sum, const uint32_t *restrict input,
                                            const int16_t *restrict gradient,
                                            const int32_t *restrict exponent, uint32_t *restrict scratch,
                                            const bnncl_alignment *restrict alignment,
                                            const bnncl_window *restrict window);

void bnncl_filter_accumulate_i8_i16(int16_t *restrict sum, const int8_t *restrict input,
                                    const int16_t *restrict gradient, const int32_t *restrict exponent,
                                    uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                    const bnncl_window *restrict window);

void bnncl_filter_accumulate_u8_i16(int16_t *restrict sum, const uint8_t *restrict input,
                                    const int16_t *restrict gradient, const int32_t *restrict exponent,
                                    uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                    const bnncl_window *restrict window);

#endif
