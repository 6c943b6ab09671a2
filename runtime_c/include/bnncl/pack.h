/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_PACK_H
#define BNNCL_PACK_H

#include <stdint.h>

/* `count` numbers of `bits` bits each, 1..8, stored one behind the other, across the ends of words: number i
 * begins at bit i * bits, bit b being bit b % 32 of word b / 32. ceil(count * bits / 32) words hold them; the
 * bits behind the last number are 0. No two arrays overlap. */

/* Numbers 0..2**bits - 1, or -2**(bits - 1)..2**(bits - 1) - 1, to packed ones; higher bits are dropped.
 *   input    [count]
 *   output   [ceil(count * bits / 32)] */
void bnncl_pack_u8(const uint8_t *restrict input, uint32_t *restrict output, uint32_t count, uint32_t bits);

void bnncl_pack_i8(const int8_t *restrict input, uint32_t *restrict output, uint32_t count, uint32_t bits);

/* The reverse; bnncl_unpack_i8 extends the sign.
 *   input    [ceil(count * bits / 32)]
 *   output   [count] */
void bnncl_unpack_u8(const uint32_t *restrict input, uint8_t *restrict output, uint32_t count, uint32_t bits);

void bnncl_unpack_i8(const uint32_t *restrict input, int8_t *restrict output, uint32_t count, uint32_t bits);

#endif
