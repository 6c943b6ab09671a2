/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_ADD_H
#define BNNCL_ADD_H

#include <stdint.h>

/* The parameters of a sum of two values. The caller has proven that x * x_multiplier[c], y * y_multiplier[c] and
 * bias[c], and every sum of some of them, fit int32 for all x and y that can occur. */
typedef struct {
    const int32_t *x_multiplier; /* [channels] */
    const int32_t *y_multiplier; /* [channels] */
    const int32_t *bias;         /* [channels], offsets and the half that rounds */
    const uint8_t *shift;        /* [channels], 0..30 */
    int32_t lo;                  /* least result */
    int32_t hi;                  /* greatest result */
} bnncl_add;

/* saturate(floor((x * x_multiplier[c] + y * y_multiplier[c] + bias[c]) / 2**shift[c]), lo, hi) for each element of
 * `pixels` pixels (height * width) of `channels` channels. `x` and `output` may be the same array, and `x` and `y`;
 * otherwise nothing overlaps. */
void bnncl_add_i8_i8(const int8_t *x, const int8_t *y, int8_t *output, const bnncl_add *restrict add,
                     uint32_t pixels, uint32_t channels);

void bnncl_add_i8_i32(const int8_t *x, const int32_t *y, int8_t *output, const bnncl_add *restrict add,
                      uint32_t pixels, uint32_t channels);

void bnncl_add_i16_i16(const int16_t *x, const int16_t *y, int16_t *output, const bnncl_add *restrict add,
                       uint32_t pixels, uint32_t channels);

void bnncl_add_i16_i32(const int16_t *x, const int32_t *y, int16_t *output, const bnncl_add *restrict add,
                       uint32_t pixels, uint32_t channels);

#endif
