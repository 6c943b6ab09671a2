/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_DOT_H
#define BNNCL_INTERNAL_DOT_H

#include <stddef.h>
#include <stdint.h>

/* Sums of products of n elements, one function for each pair of types; `x` are activations, `w` weights. */

static inline int32_t bnncl_dot_u8_w8(int32_t acc, const void *x, const void *w, size_t n)
{
    const uint8_t *a = x;
    const int8_t *b = w;
    for (; n > 0; n--) {
        acc += *a++ * *b++;
    }
    return acc;
}

static inline int32_t bnncl_dot_u8_w16(int32_t acc, const void *x, const void *w, size_t n)
{
    const uint8_t *a = x;
    const int16_t *b = w;
    for (; n > 0; n--) {
        acc += *a++ * *b++;
    }
    return acc;
}

static inline int32_t bnncl_dot_i8_w8(int32_t acc, const void *x, const void *w, size_t n)
{
    const int8_t *a = x;
    const int8_t *b = w;
    for (; n > 0; n--) {
        acc += *a++ * *b++;
    }
    return acc;
}

static inline int32_t bnncl_dot_i8_w16(int32_t acc, const void *x, const void *w, size_t n)
{
    const int8_t *a = x;
    const int16_t *b = w;
    for (; n > 0; n--) {
        acc += *a++ * *b++;
    }
    return acc;
}

static inline int32_t bnncl_dot_i16_w16(int32_t acc, const void *x, const void *w, size_t n)
{
    const int16_t *a = x;
    const int16_t *b = w;
    for (; n > 0; n--) {
        acc += *a++ * *b++;
    }
    return acc;
}

/* Binary activations. The bias already holds the sum of all weights inside, as if every activation were +1;
 * each activation of -1 (bit 1) takes its weight off twice. Subtracting the sum of those weights once leaves
 * the sum over the others, twice the sum of products: both stay in the range of the whole sum. */

static inline int32_t bnncl_dot_bits_w8(int32_t acc, const void *x, const void *w, size_t n)
{
    const uint32_t *words = x;
    const int8_t *weights = w;
    int32_t sum = 0;
    while (n > 0) {
        const size_t count = n < 32 ? n : 32;
        uint32_t word = *words++;
        for (size_t i = 0; i < count; i++) {
            sum += weights[i] & -(int32_t)(word & 1u);
            word >>= 1;
        }
        weights += count;
        n -= count;
    }
    return acc - sum - sum;
}

static inline int32_t bnncl_dot_bits_w16(int32_t acc, const void *x, const void *w, size_t n)
{
    const uint32_t *words = x;
    const int16_t *weights = w;
    int32_t sum = 0;
    while (n > 0) {
        const size_t count = n < 32 ? n : 32;
        uint32_t word = *words++;
        for (size_t i = 0; i < count; i++) {
            sum += weights[i] & -(int32_t)(word & 1u);
            word >>= 1;
        }
        weights += count;
        n -= count;
    }
    return acc - sum - sum;
}

#endif
