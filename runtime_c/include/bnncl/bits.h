/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_BITS_H
#define BNNCL_BITS_H

#include <stdint.h>

/* Number of words that hold `channels` bits. */
static inline uint32_t bnncl_words(uint32_t channels)
{
    return (channels + 31u) / 32u;
}

/* The bits of the last word of a pixel that hold channels. */
static inline uint32_t bnncl_tail_mask(uint32_t channels)
{
    return 0xFFFFFFFFu >> ((32u - channels % 32u) % 32u);
}

/* Number of ones of each nibble pair: four sums of at most 8, one in each byte. */
static inline uint32_t bnncl_popcount_bytes(uint32_t x)
{
    x -= (x >> 1) & 0x55555555u;
    x = (x & 0x33333333u) + ((x >> 2) & 0x33333333u);
    return (x + (x >> 4)) & 0x0F0F0F0Fu;
}

/* Sum of the four bytes of `x`, at most 255. */
static inline uint32_t bnncl_sum_bytes(uint32_t x)
{
    return (x * 0x01010101u) >> 24;
}

/* Number of ones in `x`, 0..32. */
static inline uint32_t bnncl_popcount(uint32_t x)
{
    return bnncl_sum_bytes(bnncl_popcount_bytes(x));
}

#endif
