/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_FCONV_H
#define BNNCL_FCONV_H

#include "bnncl/epilogue.h"
#include "bnncl/types.h"

#include <stdint.h>

/* Convolutions with an integer filter: acc = bias[class][o] + sum of x * w over the taps of the window that
 * fall on the input. The compiler has proven that acc and every partial sum fit int32_t.
 *
 * In all of them
 *   input    [in_h][in_w][in_channels]: binary (bits), uint8_t (u8), int8_t (i8) or int16_t (i16)
 *   filter   [out_channels][filter_h][filter_w][in_channels], int8_t (w8) or int16_t (w16); of inputs that are not
 *            binary those of 16 bits stand two in a word, the first in the lower half, each channel filled up to
 *            whole words with 0
 *   output   [out_h][out_w][out_channels], binary (sign), int32_t (i32), or rescaled: int8_t or uint8_t where
 *            rescale->bits is 8, int16_t where it is 16
 *   scratch  as many bytes as filter_h * filter_w pixels of the input, or with filters of two in a word as one
 *            channel's filter, rounded up to words; aligned to 4 bytes; contents do not matter before and mean
 *            nothing after
 * No two of them overlap; the parameters are only read. A linear layer is a window of one tap. */

/* The bias of each border class: output rows (columns) with the same filter taps on padding share a class.
 * Where the input is binary, the bias holds the sum of the weights inside as well. */
typedef struct {
    const int32_t *values;       /* [row classes][column classes][out_channels] */
    const uint8_t *row_class;    /* [out_h], class of each output row */
    const uint8_t *column_class; /* [out_w], class of each output column */
    uint32_t column_classes;     /* number of column classes */
} bnncl_bias;

void bnncl_fconv_bits_w16_sign(const uint32_t *restrict input, const int16_t *restrict filter,
                               uint32_t *restrict output, uint32_t *restrict scratch,
                               const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                               const bnncl_window *restrict window);

void bnncl_fconv_bits_w16_rescale(const uint32_t *restrict input, const int16_t *restrict filter,
                                  void *restrict output, uint32_t *restrict scratch,
                                  const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                  const bnncl_window *restrict window);

void bnncl_fconv_bits_w16_i32(const uint32_t *restrict input, const int16_t *restrict filter,
                              int32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_bias *restrict bias, const bnncl_window *restrict window);

void bnncl_fconv_bits_w8_sign(const uint32_t *restrict input, const int8_t *restrict filter,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                              const bnncl_window *restrict window);

void bnncl_fconv_bits_w8_rescale(const uint32_t *restrict input, const int8_t *restrict filter,
                                 void *restrict output, uint32_t *restrict scratch,
                                 const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                 const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_sign(const uint8_t *restrict input, const uint32_t *restrict filter,
                             uint32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                             const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_rescale(const uint8_t *restrict input, const uint32_t *restrict filter,
                                void *restrict output, uint32_t *restrict scratch,
                                const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_i32(const uint8_t *restrict input, const uint32_t *restrict filter,
                            int32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_bias *restrict bias, const bnncl_window *restrict window);

void bnncl_fconv_u8_w8_sign(const uint8_t *restrict input, const int8_t *restrict filter,
                            uint32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                            const bnncl_window *restrict window);

void bnncl_fconv_u8_w8_rescale(const uint8_t *restrict input, const int8_t *restrict filter,
                               void *restrict output, uint32_t *restrict scratch,
                               const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                               const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_sign(const int8_t *restrict input, const uint32_t *restrict filter,
                             uint32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                             const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_rescale(const int8_t *restrict input, const uint32_t *restrict filter,
                                void *restrict output, uint32_t *restrict scratch,
                                const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_i32(const int8_t *restrict input, const uint32_t *restrict filter,
                            int32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_bias *restrict bias, const bnncl_window *restrict window);

void bnncl_fconv_i8_w8_sign(const int8_t *restrict input, const int8_t *restrict filter,
                            uint32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                            const bnncl_window *restrict window);

void bnncl_fconv_i8_w8_rescale(const int8_t *restrict input, const int8_t *restrict filter,
                               void *restrict output, uint32_t *restrict scratch,
                               const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                               const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_sign(const int16_t *restrict input, const uint32_t *restrict filter,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_bias *restrict bias, const bnncl_steps *restrict steps,
                              const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_rescale(const int16_t *restrict input, const uint32_t *restrict filter,
                                 void *restrict output, uint32_t *restrict scratch,
                                 const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                 const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_i32(const int16_t *restrict input, const uint32_t *restrict filter,
                             int32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const bnncl_window *restrict window);

/* One step for each channel, and the cheapest way to it.
 *   filter   [ceil(out_channels / 4)][words of one channel's filter][4]: filters of 16 bits two in a word as above, those
 *            of four channels side by side; channels that fill up are 0
 *   bias     less the channel's step, for channels that fill up 0: [..][..][out_channels rounded up to 4]; no sum leaves
 *            int32_t
 *   reached  [ceil(out_channels / 32)] words, the sign from the step on, bit 1 = -1, tail bits 0 */
void bnncl_fconv_u8_w16_step(const uint8_t *restrict input, const uint32_t *restrict filter,
                             uint32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const uint32_t *restrict reached,
                             const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_step(const int8_t *restrict input, const uint32_t *restrict filter,
                             uint32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const uint32_t *restrict reached,
                             const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_step(const int16_t *restrict input, const uint32_t *restrict filter,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_bias *restrict bias, const uint32_t *restrict reached,
                              const bnncl_window *restrict window);

#endif
