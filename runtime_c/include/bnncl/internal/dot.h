/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_DOT_H
#define BNNCL_INTERNAL_DOT_H

#include <stddef.h>
#include <stdint.h>

/* Sums of products of n elements, one function for each pair of types; `x` are activations, `w` weights. */
#define BNNCL_DEFINE_DOT(name, x_type, w_type)                                                               \
    static inline int32_t name(int32_t acc, const void *x, const void *w, size_t n)                          \
    {                                                                                                        \
        const x_type *a = x;                                                                                 \
        const w_type *b = w;                                                                                 \
        for (; n >= 4; n -= 4) {                                                                             \
            acc += a[0] * b[0];                                                                              \
            acc += a[1] * b[1];                                                                              \
            acc += a[2] * b[2];                                                                              \
            acc += a[3] * b[3];                                                                              \
            a += 4;                                                                                          \
            b += 4;                                                                                          \
        }                                                                                                    \
        for (; n > 0; n--) {                                                                                 \
            acc += *a++ * *b++;                                                                              \
        }                                                                                                    \
        return acc;                                                                                          \
    }

BNNCL_DEFINE_DOT(bnncl_dot_u8_w8, uint8_t, int8_t)
BNNCL_DEFINE_DOT(bnncl_dot_u8_w16, uint8_t, int16_t)
BNNCL_DEFINE_DOT(bnncl_dot_i8_w8, int8_t, int8_t)
BNNCL_DEFINE_DOT(bnncl_dot_i8_w16, int8_t, int16_t)
BNNCL_DEFINE_DOT(bnncl_dot_i16_w16, int16_t, int16_t)

/* Binary activations. The bias already holds the sum of all weights inside, as if every activation were +1;
 * each activation of -1 (bit 1) takes its weight off twice. Subtracting the sum of those weights once leaves
 * the sum over the others, twice the sum of products: both stay in the range of the whole sum. */

/* `weight` where bit `bit` of `word` is 1, else 0. */
static inline int32_t bnncl_weight_if(uint32_t word, uint32_t bit, int32_t weight)
{
    return weight & -(int32_t)((word >> bit) & 1u);
}

#define BNNCL_DEFINE_DOT_BITS(name, w_type)                                                                  \
    static inline int32_t name(int32_t acc, const void *x, const void *w, size_t n)                          \
    {                                                                                                        \
        const uint32_t *words = x;                                                                           \
        const w_type *weights = w;                                                                           \
        int32_t sum = 0;                                                                                     \
        for (; n >= 32; n -= 32) {                                                                           \
            const uint32_t word = *words++;                                                                  \
            for (uint32_t bit = 0; bit < 32; bit += 4) {                                                     \
                const uint32_t nibble = word >> bit;                                                         \
                sum += bnncl_weight_if(nibble, 0, weights[0]);                                               \
                sum += bnncl_weight_if(nibble, 1, weights[1]);                                               \
                sum += bnncl_weight_if(nibble, 2, weights[2]);                                               \
                sum += bnncl_weight_if(nibble, 3, weights[3]);                                               \
                weights += 4;                                                                                \
            }                                                                                                \
        }                                                                                                    \
        for (uint32_t bit = 0; bit < n; bit++) {                                                             \
            sum += bnncl_weight_if(*words, bit, weights[bit]);                                               \
        }                                                                                                    \
        return acc - sum - sum;                                                                              \
    }

BNNCL_DEFINE_DOT_BITS(bnncl_dot_bits_w8, int8_t)
BNNCL_DEFINE_DOT_BITS(bnncl_dot_bits_w16, int16_t)

#endif
