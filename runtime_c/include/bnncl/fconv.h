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
 *   filter   [out_channels][filter_h][filter_w][in_channels], int8_t (w8) or int16_t (w16)
 *   bias     [row classes][column classes][out_channels]; where the input is binary it holds the sum of the
 *            weights inside as well
 *   output   [out_h][out_w][out_channels], binary (sign), int32_t (i32), or rescaled: int8_t or uint8_t where
 *            rescale->bits is 8, int16_t where it is 16
 *   border   the border class of each output row and column
 * No two of them overlap; the parameters are only read. A linear layer is a window of one tap. */

void bnncl_fconv_bits_w16_sign(const uint32_t *restrict input, const int16_t *restrict filter,
                               const int32_t *restrict bias, uint32_t *restrict output,
                               const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                               const bnncl_window *restrict window);

void bnncl_fconv_bits_w16_rescale(const uint32_t *restrict input, const int16_t *restrict filter,
                                  const int32_t *restrict bias, void *restrict output,
                                  const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                  const bnncl_window *restrict window);

void bnncl_fconv_bits_w16_i32(const uint32_t *restrict input, const int16_t *restrict filter,
                              const int32_t *restrict bias, int32_t *restrict output,
                              const bnncl_border *restrict border, const bnncl_window *restrict window);

void bnncl_fconv_bits_w8_sign(const uint32_t *restrict input, const int8_t *restrict filter,
                              const int32_t *restrict bias, uint32_t *restrict output,
                              const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window);

void bnncl_fconv_bits_w8_rescale(const uint32_t *restrict input, const int8_t *restrict filter,
                                 const int32_t *restrict bias, void *restrict output,
                                 const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                 const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_sign(const uint8_t *restrict input, const int16_t *restrict filter,
                             const int32_t *restrict bias, uint32_t *restrict output,
                             const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                             const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_rescale(const uint8_t *restrict input, const int16_t *restrict filter,
                                const int32_t *restrict bias, void *restrict output,
                                const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                const bnncl_window *restrict window);

void bnncl_fconv_u8_w16_i32(const uint8_t *restrict input, const int16_t *restrict filter,
                            const int32_t *restrict bias, int32_t *restrict output,
                            const bnncl_border *restrict border, const bnncl_window *restrict window);

void bnncl_fconv_u8_w8_sign(const uint8_t *restrict input, const int8_t *restrict filter,
                            const int32_t *restrict bias, uint32_t *restrict output,
                            const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                            const bnncl_window *restrict window);

void bnncl_fconv_u8_w8_rescale(const uint8_t *restrict input, const int8_t *restrict filter,
                               const int32_t *restrict bias, void *restrict output,
                               const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                               const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_sign(const int8_t *restrict input, const int16_t *restrict filter,
                             const int32_t *restrict bias, uint32_t *restrict output,
                             const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                             const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_rescale(const int8_t *restrict input, const int16_t *restrict filter,
                                const int32_t *restrict bias, void *restrict output,
                                const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                const bnncl_window *restrict window);

void bnncl_fconv_i8_w16_i32(const int8_t *restrict input, const int16_t *restrict filter,
                            const int32_t *restrict bias, int32_t *restrict output,
                            const bnncl_border *restrict border, const bnncl_window *restrict window);

void bnncl_fconv_i8_w8_sign(const int8_t *restrict input, const int8_t *restrict filter,
                            const int32_t *restrict bias, uint32_t *restrict output,
                            const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                            const bnncl_window *restrict window);

void bnncl_fconv_i8_w8_rescale(const int8_t *restrict input, const int8_t *restrict filter,
                               const int32_t *restrict bias, void *restrict output,
                               const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                               const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_sign(const int16_t *restrict input, const int16_t *restrict filter,
                              const int32_t *restrict bias, uint32_t *restrict output,
                              const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_rescale(const int16_t *restrict input, const int16_t *restrict filter,
                                 const int32_t *restrict bias, void *restrict output,
                                 const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                 const bnncl_window *restrict window);

void bnncl_fconv_i16_w16_i32(const int16_t *restrict input, const int16_t *restrict filter,
                             const int32_t *restrict bias, int32_t *restrict output,
                             const bnncl_border *restrict border, const bnncl_window *restrict window);

#endif
