/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_THRESHOLD_H
#define BNNCL_INTERNAL_THRESHOLD_H

#include "bnncl/epilogue.h"
#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

/* A word of 32 channels is built in a register, step by step; tail bits become those of `first`, which are 0. */
static inline void bnncl_threshold_each(const void *input, uint32_t *output, const bnncl_steps *steps,
                                        uint32_t pixels, uint32_t channels, bnncl_load load)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t start = 0; start < channels; start += 32u) {
            const uint32_t count = channels - start < 32u ? channels - start : 32u;
            uint32_t word = steps->first[start / 32u];
            for (uint32_t s = 0; s < steps->count; s++) {
                const int32_t *step = steps->at + (size_t)s * channels + start;
                for (uint32_t bit = 0; bit < count; bit++) {
                    word ^= (uint32_t)(load(input, at + bit) >= step[bit]) << bit;
                }
            }
            *output = word;
            output++;
            at += count;
        }
    }
}

#endif
