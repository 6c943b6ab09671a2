/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_SINK_H
#define BNNCL_INTERNAL_SINK_H

#include "bnncl/bits.h"
#include "bnncl/epilogue.h"
#include "bnncl/fixed.h"

#include <stddef.h>
#include <stdint.h>

/* Where the accumulator of one output goes. `output` has `channels` channels; `epilogue` is what the sink
 * expects. The channels of a pixel come in rising order, from 0. */
typedef void (*bnncl_sink)(const void *epilogue, void *output, size_t pixel, uint32_t channels,
                           uint32_t channel, int32_t acc);

/* Packed signs; `epilogue` is a bnncl_steps. The first channel of a word writes the whole word, so that
 * tail bits become those of `first`, which are 0. */
static inline void bnncl_sink_sign(const void *epilogue, void *output, size_t pixel, uint32_t channels,
                                   uint32_t channel, int32_t acc)
{
    const bnncl_steps *steps = epilogue;
    uint32_t *word = (uint32_t *)output + pixel * bnncl_words(channels) + channel / 32u;
    const int32_t *at = steps->at + channel;
    uint32_t changes = 0;
    for (uint32_t s = 0; s < steps->count; s++) {
        changes ^= (uint32_t)(acc >= *at);
        at += channels;
    }
    if (channel % 32u == 0) {
        *word = steps->first[channel / 32u];
    }
    *word ^= changes << (channel % 32u);
}

/* Rescaled integers of 8 or 16 bits; `epilogue` is a bnncl_rescale. */
static inline void bnncl_sink_rescale(const void *epilogue, void *output, size_t pixel, uint32_t channels,
                                      uint32_t channel, int32_t acc)
{
    const bnncl_rescale *rescale = epilogue;
    const size_t at = pixel * channels + channel;
    const int32_t q = bnncl_rescale_number(acc, rescale->multiplier[channel], rescale->bias[channel],
                                           rescale->shift[channel], rescale->lo, rescale->hi);
    if (rescale->bits == 8) {
        ((uint8_t *)output)[at] = (uint8_t)q;
    } else {
        ((int16_t *)output)[at] = (int16_t)q;
    }
}

/* The accumulators themselves, as int32_t; `epilogue` is not used. */
static inline void bnncl_sink_i32(const void *epilogue, void *output, size_t pixel, uint32_t channels,
                                  uint32_t channel, int32_t acc)
{
    (void)epilogue;
    ((int32_t *)output)[pixel * channels + channel] = acc;
}

#endif
