/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/learn.h"

/* `copy` negated where bit `bit` of `word` is 1, less 1: ~copy = -copy - 1. */
static inline int32_t bnncl_copy_signed(int32_t copy, uint32_t word, uint32_t bit)
{
    return copy ^ -(int32_t)((word >> bit) & 1u);
}

/* With u = copy + base and x = -1 at `ones` of n places, sum(copy * x) = sum(u * x) - base * (n - 2 * ones),
 * and bnncl_copy_signed gives u * x less 1 at the ones. A copy plus base is at most 2**q_forward where bits
 * are dropped: no partial sum is larger in magnitude than features * (2**9 + 2**8). */
int32_t bnncl_learn_row_bits(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    const uint32_t *words = inputs;
    int32_t ones = 0;
    int32_t acc = 0;
    uint32_t n = config->inputs;
    for (; n >= 32; n -= 32) {
        const uint32_t word = *words++;
        ones += (int32_t)bnncl_popcount(word);
        for (uint32_t bit = 0; bit < 32; bit += 4) {
            const uint32_t nibble = word >> bit;
            acc += bnncl_copy_signed(bnncl_copy_from_base(&copier, weights[0]), nibble, 0);
            acc += bnncl_copy_signed(bnncl_copy_from_base(&copier, weights[1]), nibble, 1);
            acc += bnncl_copy_signed(bnncl_copy_from_base(&copier, weights[2]), nibble, 2);
            acc += bnncl_copy_signed(bnncl_copy_from_base(&copier, weights[3]), nibble, 3);
            weights += 4;
        }
    }
    if (n > 0) {
        ones += (int32_t)bnncl_popcount(*words);
    }
    for (uint32_t bit = 0; bit < n; bit++) {
        acc += bnncl_copy_signed(bnncl_copy_from_base(&copier, *weights++), *words, bit);
    }
    acc += ones - copier.base * ((int32_t)config->inputs - 2 * ones);
    if (config->bias_feature != 0) {
        acc += bnncl_forward_copy(&copier, *weights) * config->bias_feature;
    }
    return acc;
}
