/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_FORWARD_H
#define BNNCL_FORWARD_H

#include <stdint.h>

/* What layers that learn compute, forward. Values have `pixels` pixels (height * width) of `channels` channels;
 * parameters [channels] are states. No two arrays overlap unless it is said; parameters are only read. */

/* The numbers of an affine map. The caller has proven that x * scale[c], offset[c] * 2**offset_shift and
 * 2**(shift - 1), and every sum of some of them, fit int32 for all numbers that can occur. */
typedef struct {
    int32_t lo;            /* least result */
    int32_t hi;            /* greatest result */
    uint32_t shift;        /* 1..30 */
    uint32_t offset_shift; /* 0..30 */
} bnncl_channel_affine;

/* saturate(floor((x * scale[c] + offset[c] * 2**offset_shift + 2**(shift - 1)) / 2**shift), lo, hi). `x` and
 * `output` may be the same array. */
void bnncl_channel_affine_i8(const int8_t *x, const int16_t *scale, const int16_t *offset, int8_t *output,
                             const bnncl_channel_affine *restrict affine, uint32_t pixels, uint32_t channels);

void bnncl_channel_affine_u8(const uint8_t *x, const int16_t *scale, const int16_t *offset, int8_t *output,
                             const bnncl_channel_affine *restrict affine, uint32_t pixels, uint32_t channels);

/* The numbers of a unit with slopes that learn. */
typedef struct {
    int32_t lo;     /* least result */
    int32_t hi;     /* greatest result */
    uint32_t shift; /* slopes count in units of 2**-shift, 1..15 */
} bnncl_sloped_unit;

/* x where x >= 0, else floor((x * slope[c] + 2**(shift - 1)) / 2**shift), saturated to lo..hi. `x` and `output`
 * may be the same array. */
void bnncl_sloped_unit_i8(const int8_t *x, const int16_t *slope, int8_t *output,
                          const bnncl_sloped_unit *restrict unit, uint32_t pixels, uint32_t channels);

/* The same with the slope `positive` where x >= 0. */
void bnncl_two_sloped_unit_i8(const int8_t *x, const int16_t *slope, const int16_t *positive, int8_t *output,
                              const bnncl_sloped_unit *restrict unit, uint32_t pixels, uint32_t channels);

/* Signs: +1 where x * 2**shift + offset[c] >= 0, else -1; shift in 0..14.
 *   output   binary [pixels][channels] */
void bnncl_sign_at_i8(const int8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                      uint32_t shift, uint32_t pixels, uint32_t channels);

void bnncl_sign_at_u8(const uint8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                      uint32_t shift, uint32_t pixels, uint32_t channels);

/* The numbers that pass. */
typedef struct {
    int32_t lo;     /* least one */
    int32_t hi;     /* greatest one, not less than lo */
    uint32_t shift; /* 0..14 */
} bnncl_pass;

/* Where a gradient passes: +1 where lo <= x * 2**shift + offset[c] <= hi, else -1.
 *   output   binary [pixels][channels] */
void bnncl_pass_mask_i8(const int8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                        const bnncl_pass *restrict pass, uint32_t pixels, uint32_t channels);

void bnncl_pass_mask_u8(const uint8_t *restrict x, const int16_t *restrict offset, uint32_t *restrict output,
                        const bnncl_pass *restrict pass, uint32_t pixels, uint32_t channels);

/* The same without an offset and a shift: +1 where lo <= x <= hi, lo <= hi, else -1. */
void bnncl_clamp_mask_i8(const int8_t *restrict x, uint32_t *restrict output, int32_t lo, int32_t hi,
                         uint32_t pixels, uint32_t channels);

void bnncl_clamp_mask_u8(const uint8_t *restrict x, uint32_t *restrict output, int32_t lo, int32_t hi,
                         uint32_t pixels, uint32_t channels);

void bnncl_clamp_mask_i16(const int16_t *restrict x, uint32_t *restrict output, int32_t lo, int32_t hi,
                          uint32_t pixels, uint32_t channels);

void bnncl_clamp_mask_i32(const int32_t *restrict x, uint32_t *restrict output, int32_t lo, int32_t hi,
                          uint32_t pixels, uint32_t channels);

/* Slope of ApproxSign in units of 2**-6: min(127, floor(max(0, 2**one - |x * 2**shift + offset[c]|) * 2**7 / 2**one)),
 * shift in 0..14, one in 6..14.
 *   output   [pixels][channels], 0..127 */
void bnncl_tent_slope_i8(const int8_t *restrict x, const int16_t *restrict offset, uint8_t *restrict output,
                         uint32_t shift, uint32_t one, uint32_t pixels, uint32_t channels);

void bnncl_tent_slope_u8(const uint8_t *restrict x, const int16_t *restrict offset, uint8_t *restrict output,
                         uint32_t shift, uint32_t one, uint32_t pixels, uint32_t channels);

#endif
