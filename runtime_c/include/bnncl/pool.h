/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_POOL_H
#define BNNCL_POOL_H

#include "bnncl/types.h"

#include <stdint.h>

/* Pooling over windows, channel by channel; padded taps do not take part. window->out_channels equals
 * window->in_channels.
 *   input    [in_h][in_w][in_channels]
 *   output   [out_h][out_w][in_channels]
 * No two arrays overlap; the parameters are only read. */

/* The largest element of each window, or the least in the channels that `minimum` marks. Every window has at
 * least one tap inside.
 *   minimum  for bits [ceil(in_channels / 32)] words, bit 1 marks a channel, tail bits 0; else [in_channels]
 *            bytes, 0 or 1 */
void bnncl_maxpool_bits(const uint32_t *restrict input, const uint32_t *restrict minimum,
                        uint32_t *restrict output, const bnncl_window *restrict window);

void bnncl_maxpool_u8(const uint8_t *restrict input, const uint8_t *restrict minimum,
                      uint8_t *restrict output, const bnncl_window *restrict window);

void bnncl_maxpool_i8(const int8_t *restrict input, const uint8_t *restrict minimum, int8_t *restrict output,
                      const bnncl_window *restrict window);

void bnncl_maxpool_i16(const int16_t *restrict input, const uint8_t *restrict minimum,
                       int16_t *restrict output, const bnncl_window *restrict window);

void bnncl_maxpool_i32(const int32_t *restrict input, const uint8_t *restrict minimum,
                       int32_t *restrict output, const bnncl_window *restrict window);

/* The sum of each window, |sum| < 2**31 by the compiler's proof; of bits, the sum of +1 and -1. */
void bnncl_sumpool_bits(const uint32_t *restrict input, int32_t *restrict output,
                        const bnncl_window *restrict window);

void bnncl_sumpool_u8(const uint8_t *restrict input, int32_t *restrict output,
                      const bnncl_window *restrict window);

void bnncl_sumpool_i8(const int8_t *restrict input, int32_t *restrict output,
                      const bnncl_window *restrict window);

void bnncl_sumpool_i16(const int16_t *restrict input, int32_t *restrict output,
                       const bnncl_window *restrict window);

void bnncl_sumpool_i32(const int32_t *restrict input, int32_t *restrict output,
                       const bnncl_window *restrict window);

#endif
