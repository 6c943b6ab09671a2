/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_COLUMN_SUMS_H
#define BNNCL_INTERNAL_COLUMN_SUMS_H

#include "bnncl/bits.h"
#include "bnncl/epilogue.h"
#include "bnncl/internal/columns.h"
#include "bnncl/internal/dot_columns.h"
#include "bnncl/internal/sink.h"

#include <stddef.h>
#include <stdint.h>

/* What becomes of the sums of a convolution by columns. */

enum { BNNCL_COLUMNS_SUMS = 32 };

/* Writes the accumulators of channels first..first + count - 1, 32 of them unless they are the last. */
typedef void (*bnncl_columns_sink)(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                   uint32_t count, const int32_t *sums);

/* The sums of one pixel, 32 channels at a time, into `sink`. */
static inline void bnncl_columns_sums(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                      size_t words, bnncl_columns_sink sink)
{
    const uint32_t channels = call->window->out_channels;
    const uint32_t *filter = call->filter;
    for (uint32_t o = 0; o < channels; o += BNNCL_COLUMNS_SUMS) {
        const uint32_t left = channels - o;
        const uint32_t count = left < BNNCL_COLUMNS_SUMS ? left : BNNCL_COLUMNS_SUMS;
        int32_t sums[BNNCL_COLUMNS_SUMS];
        bnncl_dot_columns(sums, call->scratch, filter, bias + o, words, count);
        sink(call, pixel, o, count, sums);
        filter += words * count;
    }
}

/* Packed signs; the epilogue is a bnncl_steps. */
static inline void bnncl_sums_to_signs(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                       uint32_t count, const int32_t *sums)
{
    const bnncl_steps *steps = call->epilogue;
    const uint32_t channels = call->window->out_channels;
    const int32_t *at = steps->at + first;
    uint32_t word = steps->first[first / 32u];
    for (uint32_t s = 0; s < steps->count; s++) {
        for (uint32_t i = 0; i < count; i++) {
            word ^= (uint32_t)(sums[i] >= at[i]) << i;
        }
        at += channels;
    }
    ((uint32_t *)call->output)[pixel * bnncl_words(channels) + first / 32u] = word;
}

/* Rescaled integers of 8 or 16 bits; the epilogue is a bnncl_rescale. */
static inline void bnncl_sums_to_integers(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                          uint32_t count, const int32_t *sums)
{
    for (uint32_t i = 0; i < count; i++) {
        bnncl_sink_rescale(call->epilogue, call->output, pixel, call->window->out_channels, first + i,
                           sums[i]);
    }
}

/* The accumulators themselves. */
static inline void bnncl_sums_to_i32(const bnncl_columns_call *call, size_t pixel, uint32_t first,
                                     uint32_t count, const int32_t *sums)
{
    int32_t *output = (int32_t *)call->output + pixel * call->window->out_channels + first;
    for (uint32_t i = 0; i < count; i++) {
        output[i] = sums[i];
    }
}

static inline void bnncl_columns_sign(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                      size_t words)
{
    bnncl_columns_sums(call, pixel, bias, words, bnncl_sums_to_signs);
}

static inline void bnncl_columns_rescale(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                         size_t words)
{
    bnncl_columns_sums(call, pixel, bias, words, bnncl_sums_to_integers);
}

static inline void bnncl_columns_i32(const bnncl_columns_call *call, size_t pixel, const int32_t *bias,
                                     size_t words)
{
    bnncl_columns_sums(call, pixel, bias, words, bnncl_sums_to_i32);
}

#endif
