/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LEARN_ROW_BITS_H
#define BNNCL_INTERNAL_LEARN_ROW_BITS_H

#include "bnncl/bits.h"
#include "bnncl/internal/learn.h"

#include <stdint.h>

/* The row of a head whose inputs are bits, in portable C. */

/* `copy` negated where bit `bit` of `word` is 1, less 1: ~copy = -copy - 1. */
static inline int32_t bnncl_copy_signed(int32_t copy, uint32_t word, uint32_t bit)
{
    return copy ^ -(int32_t)((word >> bit) & 1u);
}

/* The sum of copy * x over `n` inputs x = +1 or -1. With u = copy + base and x = -1 at `ones` of n places,
 * sum(copy * x) = sum(u * x) - base * (n - 2 * ones), and bnncl_copy_signed gives u * x less 1 at the ones. A copy plus
 * base is at most 2**q_forward where bits are dropped: no partial sum is larger in magnitude than
 * n * (2**9 + 2**8). */
static inline int32_t bnncl_sum_of_copies(const bnncl_copier *copier, const int16_t *weights,
                                          const uint32_t *words, uint32_t n)
{
    const int32_t all = (int32_t)n;
    int32_t ones = 0;
    int32_t acc = 0;
    for (; n >= 32; n -= 32) {
        const uint32_t word = *words++;
        ones += (int32_t)bnncl_popcount(word);
        for (uint32_t bit = 0; bit < 32; bit += 4) {
            const uint32_t nibble = word >> bit;
            acc += bnncl_copy_signed(bnncl_copy_from_base(copier, weights[0]), nibble, 0);
            acc += bnncl_copy_signed(bnncl_copy_from_base(copier, weights[1]), nibble, 1);
            acc += bnncl_copy_signed(bnncl_copy_from_base(copier, weights[2]), nibble, 2);
            acc += bnncl_copy_signed(bnncl_copy_from_base(copier, weights[3]), nibble, 3);
            weights += 4;
        }
    }
    if (n > 0) {
        ones += (int32_t)bnncl_popcount(*words);
    }
    for (uint32_t bit = 0; bit < n; bit++) {
        acc += bnncl_copy_signed(bnncl_copy_from_base(copier, *weights++), *words, bit);
    }
    return acc + ones - copier->base * (all - 2 * ones);
}

/* What the bias adds, whose weight stands behind those of the inputs. */
static inline int32_t bnncl_bias_of_row(const bnncl_head_config *config, const bnncl_copier *copier,
                                        const int16_t *weights)
{
    if (config->bias_feature == 0) {
        return 0;
    }
    return bnncl_forward_copy(copier, weights[config->inputs]) * config->bias_feature;
}

#endif
