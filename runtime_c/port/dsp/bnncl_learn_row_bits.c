/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn_row_bits.h"

#include <string.h>

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && !defined(BNNCL_PURE_C)

/* Where copies are the upper bytes of weights, rounded, four of them become four bytes u = copy + 128, and one
 * instruction adds up |u - mask|, bytes of a mask being 0 where x is +1 and 255 where it is -1: copy * x + 128 for the
 * one and copy * x + 127 for the other. */

enum { BNNCL_UPPER_BYTE = 8 };

static inline uint32_t bnncl_add_halves(uint32_t a, uint32_t b)
{
    uint32_t sum;
    __asm__ volatile("uadd16 %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* The upper bytes of both halves as lower ones. */
static inline uint32_t bnncl_upper_bytes(uint32_t halves)
{
    uint32_t bytes;
    __asm__ volatile("uxtb16 %0, %1, ror #8" : "=r"(bytes) : "r"(halves));
    return bytes;
}

/* The sum and the distances of four bytes. */
static inline uint32_t bnncl_add_distances(uint32_t sum, uint32_t a, uint32_t b)
{
    uint32_t made;
    __asm__ volatile("usada8 %0, %1, %2, %3" : "=r"(made) : "r"(a), "r"(b), "r"(sum));
    return made;
}

/* Two weights, wherever they stand. */
static inline uint32_t bnncl_two_weights(const int16_t *weights)
{
    uint32_t two;
    memcpy(&two, weights, sizeof two);
    return two;
}

/* Four weights as bytes: numbers 0, 2, 1, 3. */
static inline uint32_t bnncl_four_bytes(const int16_t *weights)
{
    const uint32_t rounding = 0x80808080u;
    const uint32_t first = bnncl_add_halves(bnncl_two_weights(weights), rounding);
    const uint32_t second = bnncl_add_halves(bnncl_two_weights(weights + 2), rounding);
    return bnncl_upper_bytes(first) | (second & 0xFF00FF00u);
}

/* The sum of copy * x over `n` inputs, a multiple of 32. */
static inline int32_t bnncl_sum_of_bytes(const int16_t *weights, const uint32_t *words, uint32_t n)
{
    /* The mask of four bits: numbers 0, 2, 1, 3. */
    static const uint32_t masks[16] = {
        0x00000000u, 0x000000FFu, 0x00FF0000u, 0x00FF00FFu, 0x0000FF00u, 0x0000FFFFu,
        0x00FFFF00u, 0x00FFFFFFu, 0xFF000000u, 0xFF0000FFu, 0xFFFF0000u, 0xFFFF00FFu,
        0xFF00FF00u, 0xFF00FFFFu, 0xFFFFFF00u, 0xFFFFFFFFu,
    };
    const uint32_t *const end = words + n / 32u;
    uint32_t sum = 0;
    uint32_t ones = 0;
    while (words != end) {
        uint32_t word = *words++;
        ones += bnncl_popcount(word);
        for (uint32_t half = 0; half < 2; half++) {
            sum = bnncl_add_distances(sum, bnncl_four_bytes(weights), masks[word & 0xFu]);
            sum = bnncl_add_distances(sum, bnncl_four_bytes(weights + 4), masks[(word >> 4) & 0xFu]);
            sum = bnncl_add_distances(sum, bnncl_four_bytes(weights + 8), masks[(word >> 8) & 0xFu]);
            sum = bnncl_add_distances(sum, bnncl_four_bytes(weights + 12), masks[(word >> 12) & 0xFu]);
            weights += 16;
            word >>= 16;
        }
    }
    return (int32_t)(sum + ones - 128u * n);
}

int32_t bnncl_learn_row_bits(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    const uint32_t *words = inputs;
    const bool fits = config->q_backward == 16 && copier.drop == BNNCL_UPPER_BYTE;
    const uint32_t first = fits ? config->inputs / 32u * 32u : 0u;
    return bnncl_sum_of_bytes(weights, words, first) +
           bnncl_sum_of_copies(&copier, weights + first, words + first / 32u, config->inputs - first) +
           bnncl_bias_of_row(config, &copier, weights);
}

#else

int32_t bnncl_learn_row_bits(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    return bnncl_sum_of_copies(&copier, weights, inputs, config->inputs) +
           bnncl_bias_of_row(config, &copier, weights);
}

#endif
