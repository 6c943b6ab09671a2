/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_ELEMENTWISE_H
#define BNNCL_ELEMENTWISE_H

#include "bnncl/epilogue.h"

#include <stdint.h>

/* Element-by-element arithmetic on `pixels` pixels (height * width) of `channels` channels; parameters belong to
 * channels. No two arrays overlap unless it is said; the parameters are only read. */

/* Signs of integers, packed: the staircase of each channel.
 *   output   binary [pixels][channels] */
void bnncl_threshold_u8(const uint8_t *restrict input, uint32_t *restrict output,
                        const bnncl_steps *restrict steps, uint32_t pixels, uint32_t channels);

void bnncl_threshold_i8(const int8_t *restrict input, uint32_t *restrict output,
                        const bnncl_steps *restrict steps, uint32_t pixels, uint32_t channels);

void bnncl_threshold_i16(const int16_t *restrict input, uint32_t *restrict output,
                         const bnncl_steps *restrict steps, uint32_t pixels, uint32_t channels);

void bnncl_threshold_i32(const int32_t *restrict input, uint32_t *restrict output,
                         const bnncl_steps *restrict steps, uint32_t pixels, uint32_t channels);

/* Integers rescaled to fewer bits.
 *   output   [pixels][channels]: int8_t or uint8_t where rescale->bits is 8, int16_t where it is 16 */
void bnncl_requantize_u8(const uint8_t *restrict input, void *restrict output,
                         const bnncl_rescale *restrict rescale, uint32_t pixels, uint32_t channels);

void bnncl_requantize_i8(const int8_t *restrict input, void *restrict output,
                         const bnncl_rescale *restrict rescale, uint32_t pixels, uint32_t channels);

void bnncl_requantize_i16(const int16_t *restrict input, void *restrict output,
                          const bnncl_rescale *restrict rescale, uint32_t pixels, uint32_t channels);

void bnncl_requantize_i32(const int32_t *restrict input, void *restrict output,
                          const bnncl_rescale *restrict rescale, uint32_t pixels, uint32_t channels);

/* The parameters of a parametric ReLU. */
typedef struct {
    const int16_t *slope; /* [channels], in units of 2**-shift */
    int32_t lo;           /* least result */
    int32_t hi;           /* greatest result */
    uint32_t shift;       /* 1..15 */
} bnncl_prelu;

/* q where q >= 0, else floor((q * slope[c] + 2**(shift - 1)) / 2**shift), saturated to lo..hi. `input` and
 * `output` may be the same array. */
void bnncl_prelu_i8(const int8_t *input, int8_t *output, const bnncl_prelu *restrict prelu, uint32_t pixels,
                    uint32_t channels);

void bnncl_prelu_i16(const int16_t *input, int16_t *output, const bnncl_prelu *restrict prelu,
                     uint32_t pixels, uint32_t channels);

/* The parameters of two slopes that meet at 0. */
typedef struct {
    const int16_t *slope;    /* [channels], below 0, in units of 2**-shift */
    const int16_t *positive; /* [channels], from 0 on */
    int32_t lo;              /* least result */
    int32_t hi;              /* greatest result */
    uint32_t shift;          /* 1..15 */
} bnncl_two_slopes;

/* floor((q * (q < 0 ? slope[c] : positive[c]) + 2**(shift - 1)) / 2**shift), saturated to lo..hi. `input` and
 * `output` may be the same array. */
void bnncl_two_slopes_i8(const int8_t *input, int8_t *output, const bnncl_two_slopes *restrict slopes,
                         uint32_t pixels, uint32_t channels);

void bnncl_two_slopes_i16(const int16_t *input, int16_t *output, const bnncl_two_slopes *restrict slopes,
                          uint32_t pixels, uint32_t channels);

/* The channels of all pixels as those of one pixel: closes the gaps that the tail bits leave.
 *   input    binary [pixels][channels]
 *   output   binary [1][pixels * channels] */
void bnncl_flatten_bits(const uint32_t *restrict input, uint32_t *restrict output, uint32_t pixels,
                        uint32_t channels);

#endif
