/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_TRANSPOSE_H
#define BNNCL_INTERNAL_TRANSPOSE_H

#include <stdint.h>

/* Swaps the bits of *low whose number has the bit `shift` with those of *high whose number lacks it; `mask`
 * has the bits that lack it. */
static inline void bnncl_swap_bits(uint32_t *low, uint32_t *high, uint32_t shift, uint32_t mask)
{
    const uint32_t differ = ((*low >> shift) ^ *high) & mask;
    *high ^= differ;
    *low ^= differ << shift;
}

/* Two rounds of swaps: a with c and b with d by `shift`, then a with b and c with d by half of that. */
static inline void bnncl_swap_four(uint32_t words[4], uint32_t shift, uint32_t mask, uint32_t half_mask)
{
    bnncl_swap_bits(&words[0], &words[2], shift, mask);
    bnncl_swap_bits(&words[1], &words[3], shift, mask);
    bnncl_swap_bits(&words[0], &words[1], shift / 2u, half_mask);
    bnncl_swap_bits(&words[2], &words[3], shift / 2u, half_mask);
}

/* Both halves of 16 words hold 16 numbers whose bit k are the bits of word k. Swaps by 8 and by 4; of what
 * comes out each four words in a row hold numbers of their own. Words from `count` on, 8 or more, are 0,
 * whatever they are. */
static inline void bnncl_transpose_far(uint32_t words[16], uint32_t count)
{
    for (uint32_t k = 0; k < 4; k++) {
        uint32_t four[4] = {words[k], words[k + 4], k + 8 < count ? words[k + 8] : 0u,
                            k + 12 < count ? words[k + 12] : 0u};
        bnncl_swap_four(four, 8, 0x00FF00FFu, 0x0F0F0F0Fu);
        words[k] = four[0];
        words[k + 4] = four[1];
        words[k + 8] = four[2];
        words[k + 12] = four[3];
    }
}

/* The other swaps: sums[i] = base[i] + number i, of 32 numbers; a sum that no one needs may overflow. */
static inline void bnncl_transpose_near(const uint32_t words[16], const int32_t *base, int32_t *sums)
{
    for (uint32_t k = 0; k < 16; k += 4) {
        uint32_t four[4] = {words[k], words[k + 1], words[k + 2], words[k + 3]};
        bnncl_swap_four(four, 2, 0x33333333u, 0x55555555u);
        for (uint32_t i = 0; i < 4; i++) {
            sums[k + i] = (int32_t)((uint32_t)base[k + i] + (four[i] & 0xFFFFu));
            sums[k + i + 16] = (int32_t)((uint32_t)base[k + i + 16] + (four[i] >> 16));
        }
    }
}

#endif
