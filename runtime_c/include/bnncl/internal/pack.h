/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_PACK_H
#define BNNCL_INTERNAL_PACK_H

#include <stdint.h>

/* Numbers are moved as bytes: in two's complement the lowest bits are the same with and without a sign. */

/* The lowest `bits` bits of each byte. The upper `filled` bits of a number that does not end in its word are
 * the lowest ones of the next word. */
static inline void bnncl_pack_bytes(const uint8_t *input, uint32_t *output, uint32_t count, uint32_t bits)
{
    const uint32_t mask = 0xFFu >> (8u - bits);
    uint32_t word = 0;
    uint32_t filled = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t number = input[i] & mask;
        word |= number << filled;
        filled += bits;
        if (filled >= 32u) {
            *output++ = word;
            filled -= 32u;
            word = number >> (bits - filled);
        }
    }
    if (filled > 0u) {
        *output = word;
    }
}

/* The reverse. `word` holds the `left` bits that are not yet taken, zeros above them. `sign` is the highest bit
 * of a number that has a sign, else 0: (x ^ sign) - sign extends it. */
static inline void bnncl_unpack_bytes(const uint32_t *input, uint8_t *output, uint32_t count, uint32_t bits,
                                      uint32_t sign)
{
    const uint32_t mask = 0xFFu >> (8u - bits);
    uint32_t word = 0;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = word;
        if (left < bits) {
            const uint32_t next = *input++;
            number |= next << left;
            word = next >> (bits - left);
            left += 32u;
        } else {
            word >>= bits;
        }
        left -= bits;
        output[i] = (uint8_t)(((number & mask) ^ sign) - sign);
    }
}

#endif
