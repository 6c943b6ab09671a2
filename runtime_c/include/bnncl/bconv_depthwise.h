/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_BCONV_DEPTHWISE_H
#define BNNCL_BCONV_DEPTHWISE_H

#include "bnncl/epilogue.h"
#include "bnncl/types.h"

#include <stdint.h>

/* Depthwise binary convolutions: acc[c] = sum of x[c] * w[c] over the taps of the window, +1 or -1 each.
 *   input        binary [in_h][in_w][in_channels]
 *   filter       [filter_h][filter_w][ceil(in_channels / 32)] words, bit 1 = -1, tail bits 0
 *   output       [out_h][out_w][in_channels], binary (sign), int32_t (i32), or rescaled: int8_t or uint8_t where
 *                rescale->bits is 8, int16_t where it is 16; does not overlap the input
 *   plane_count  bits of a counter: 1..8, filter_h * filter_w < 2**plane_count */
void bnncl_bconv_depthwise_sign(const uint32_t *restrict input, const uint32_t *restrict filter,
                                uint32_t *restrict output, uint32_t plane_count,
                                const bnncl_steps *restrict steps, const bnncl_window *restrict window);

void bnncl_bconv_depthwise_rescale(const uint32_t *restrict input, const uint32_t *restrict filter,
                                   void *restrict output, uint32_t plane_count,
                                   const bnncl_rescale *restrict rescale,
                                   const bnncl_window *restrict window);

void bnncl_bconv_depthwise_i32(const uint32_t *restrict input, const uint32_t *restrict filter,
                               int32_t *restrict output, uint32_t plane_count,
                               const bnncl_window *restrict window);

#endif
