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

#endif
