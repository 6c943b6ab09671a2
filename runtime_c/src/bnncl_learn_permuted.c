/* SPDX-License-Identifier: 0BSD */
#include "bnncl/prng.h"

uint32_t bnncl_learn_permuted(uint32_t key, uint32_t index, uint32_t count)
{
    uint32_t half = 0;
    while (half < 16 && ((count - 1u) >> (2u * half)) != 0) {
        half++;
    }
    const uint32_t mask = (UINT32_C(1) << half) - 1u;
    uint32_t x = index;
    do {
        uint32_t left = x >> half;
        uint32_t right = x & mask;
        for (uint32_t turn = 0; turn < 4; turn++) {
            const uint32_t word = bnncl_mix(bnncl_mix(key + turn) ^ right);
            const uint32_t next = left ^ (word & mask);
            left = right;
            right = next;
        }
        x = (left << half) | right;
    } while (x >= count);
    return x;
}
