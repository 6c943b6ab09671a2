/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_UPDATE_H
#define BNNCL_UPDATE_H

#include <stdint.h>

/* What becomes of gradients of parameters. The first argument is a state, which is changed; no two arrays overlap. */

/* acc += x / 2**(exponent - *x_exponent) to nearest, halves up, saturated at `limit`; every sum fits int32 by the
 * compiler's proof.
 *   acc, x   [count] */
void bnncl_accumulate(int32_t *restrict acc, const int32_t *restrict x, const int32_t *restrict x_exponent,
                      int32_t exponent, int32_t limit, uint32_t count);

/* How parameters change: w - floor((acc * rate + term) / 2**shift), saturated to -limit..limit, with the rate
 * (multiplier + n / 2) / n for n samples and term = 2**(shift - 1), or for stochastic rounding the upper `shift` bits
 * of bnncl_hash32(seed, stream, step, index of the element). |acc * rate| + 2**32 < 2**63. */
typedef struct {
    uint32_t multiplier; /* below 2**31 */
    uint32_t stream;
    int32_t limit; /* of the type of the parameters */
    uint8_t shift; /* 1..32 */
    uint8_t stochastic;
    uint8_t sign; /* 1: the result is limit where it is >= 0, else -limit */
} bnncl_update;

/* The step of a minibatch.
 *   weights, acc   [count]
 *   cursor         seed, step, samples of the full minibatch, 1 or more */
void bnncl_update_i16(int16_t *restrict weights, const int32_t *restrict acc, const uint32_t *restrict cursor,
                      const bnncl_update *restrict update, uint32_t count);

void bnncl_update_i8(int8_t *restrict weights, const int32_t *restrict acc, const uint32_t *restrict cursor,
                     const bnncl_update *restrict update, uint32_t count);

/* The same with sums of gradients in int16. */
void bnncl_update_i16_i16(int16_t *restrict weights, const int16_t *restrict acc,
                          const uint32_t *restrict cursor, const bnncl_update *restrict update,
                          uint32_t count);

void bnncl_update_i8_i16(int8_t *restrict weights, const int16_t *restrict acc,
                         const uint32_t *restrict cursor, const bnncl_update *restrict update,
                         uint32_t count);

/* The signs of latent weights, +1 where they are not negative.
 *   signs    binary [rows][channels]
 *   latent   [rows][channels] */
void bnncl_sign_bits_i16(uint32_t *restrict signs, const int16_t *restrict latent, uint32_t rows,
                         uint32_t channels);

void bnncl_sign_bits_i8(uint32_t *restrict signs, const int8_t *restrict latent, uint32_t rows,
                        uint32_t channels);

/* The same, transposed.
 *   signs    binary [columns][rows], packed along the rows
 *   latent   [rows][columns] */
void bnncl_sign_bits_transposed_i16(uint32_t *restrict signs, const int16_t *restrict latent, uint32_t rows,
                                    uint32_t columns);

void bnncl_sign_bits_transposed_i8(uint32_t *restrict signs, const int8_t *restrict latent, uint32_t rows,
                                   uint32_t columns);

/* All of a state's numbers 0. */
void bnncl_clear(int32_t *restrict state, uint32_t count);

void bnncl_clear_i16(int16_t *restrict state, uint32_t count);

/* One state overwritten with another. */
void bnncl_copy(void *restrict state, const void *restrict from, uint32_t bytes);

#endif
