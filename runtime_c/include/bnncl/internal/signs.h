/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_SIGNS_H
#define BNNCL_INTERNAL_SIGNS_H

#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

/* Packs the signs of `count` weights, `step` elements apart, the first one at `first`; returns what follows the words.
 * Each word is built from its last weight on, so that tail bits are 0. */
static inline uint32_t *bnncl_signs_of(uint32_t *signs, const void *latent, size_t first, uint32_t count,
                                       size_t step, bnncl_load load)
{
    while (count > 0) {
        const uint32_t bits = count < 32u ? count : 32u;
        const size_t next = first + bits * step;
        size_t at = next;
        uint32_t word = 0;
        while (at > first) {
            at -= step;
            word = (word << 1) | ((uint32_t)load(latent, at) >> 31);
        }
        *signs = word;
        signs++;
        first = next;
        count -= bits;
    }
    return signs;
}

#endif
