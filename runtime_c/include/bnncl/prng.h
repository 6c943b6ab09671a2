/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_PRNG_H
#define BNNCL_PRNG_H

#include <stdint.h>

/* Counter-based random numbers: each is a function of what it is for (seed, stream, step, index), so that
 * results depend neither on the order of work nor on how it is sliced. All arithmetic is modulo 2**32. */

/* What random numbers are drawn for; each has a stream of its own. */
enum { BNNCL_STREAM_SLOT = 1, BNNCL_STREAM_ORDER = 2, BNNCL_STREAM_REPLAY = 3, BNNCL_STREAM_ROUND = 4 };

/* A bijection of words whose output bits each depend on all input bits ("lowbias32"). */
static inline uint32_t bnncl_mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7FEB352Du;
    x ^= x >> 15;
    x *= 0x846CA68Bu;
    return x ^ (x >> 16);
}

/* What all numbers of one step of a stream have in common: number `index` is bnncl_mix(this ^ index). */
static inline uint32_t bnncl_hash_step(uint32_t seed, uint32_t stream, uint32_t step)
{
    return bnncl_mix(bnncl_mix(bnncl_mix(seed ^ 0x9E3779B9u) ^ stream) ^ step);
}

/* The random word number `index` of step `step` of the stream `stream`. */
static inline uint32_t bnncl_hash32(uint32_t seed, uint32_t stream, uint32_t step, uint32_t index)
{
    return bnncl_mix(bnncl_hash_step(seed, stream, step) ^ index);
}

/* A number in 0..count-1 from a random word: floor(word * count / 2**32). */
static inline uint32_t bnncl_below(uint32_t count, uint32_t word)
{
    return (uint32_t)(((uint64_t)word * count) >> 32);
}

/* Element `index` of the permutation of 0..count-1 that `key` names; index < count, so count >= 1. No table
 * is kept: four rounds of a balanced Feistel network over the smallest power of 4 that holds `count`, walked
 * along until the result is below `count` (Black, Rogaway 2002: ciphers with arbitrary finite domains). A
 * power of 4 is less than 4 * count, so a walk is 4 networks on average; it ends, since a permutation comes
 * back to `index`. */
uint32_t bnncl_learn_permuted(uint32_t key, uint32_t index, uint32_t count);

#endif
