/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LEARN_BYTES_H
#define BNNCL_INTERNAL_LEARN_BYTES_H

#include "bnncl/internal/element.h"
#include "bnncl/internal/learn.h"

#include <stddef.h>
#include <stdint.h>

/* Rows and updates of a head whose inputs are bytes, which `load` reads as numbers with or without sign. */

static inline int32_t bnncl_row_of_bytes(const bnncl_head_config *config, const int16_t *weights,
                                         const uint8_t *x, bnncl_load load)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    int32_t acc = 0;
    uint32_t n = config->inputs;
    for (; n >= 4; n -= 4) {
        acc += bnncl_forward_copy(&copier, weights[0]) * load(x, 0);
        acc += bnncl_forward_copy(&copier, weights[1]) * load(x, 1);
        acc += bnncl_forward_copy(&copier, weights[2]) * load(x, 2);
        acc += bnncl_forward_copy(&copier, weights[3]) * load(x, 3);
        weights += 4;
        x += 4;
    }
    for (; n > 0; n--) {
        acc += bnncl_forward_copy(&copier, *weights++) * load(x++, 0);
    }
    if (config->bias_feature != 0) {
        acc += bnncl_forward_copy(&copier, *weights) * config->bias_feature;
    }
    return acc;
}

/* Four weights, the inputs of the first sample being `x`. */
static inline void bnncl_update_four_bytes(const bnncl_learn_rate *rate, int16_t *weights,
                                           const int16_t *deltas, const uint8_t *x, size_t stride,
                                           uint32_t samples, uint32_t at, bnncl_load load)
{
    int32_t sum0 = 0;
    int32_t sum1 = 0;
    int32_t sum2 = 0;
    int32_t sum3 = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        const int32_t delta = deltas[sample];
        sum0 += delta * load(x, 0);
        sum1 += delta * load(x, 1);
        sum2 += delta * load(x, 2);
        sum3 += delta * load(x, 3);
        x += stride;
    }
    weights[0] = bnncl_changed_weight(rate, weights[0], sum0, at);
    weights[1] = bnncl_changed_weight(rate, weights[1], sum1, at + 1);
    weights[2] = bnncl_changed_weight(rate, weights[2], sum2, at + 2);
    weights[3] = bnncl_changed_weight(rate, weights[3], sum3, at + 3);
}

static inline void bnncl_update_of_bytes(const bnncl_head_config *config, const bnncl_learn_rate *rate,
                                         int16_t *weights, const int16_t *deltas, const uint8_t *x,
                                         uint32_t samples, bnncl_load load)
{
    const size_t stride = config->inputs;
    uint32_t at = 0;
    for (; at + 4 <= config->inputs; at += 4) {
        bnncl_update_four_bytes(rate, weights + at, deltas, x + at, stride, samples, at, load);
    }
    for (; at < config->inputs; at++) {
        int32_t gradient = 0;
        for (uint32_t sample = 0; sample < samples; sample++) {
            gradient += deltas[sample] * load(x, at + sample * stride);
        }
        weights[at] = bnncl_changed_weight(rate, weights[at], gradient, at);
    }
    if (config->bias_feature != 0) {
        int32_t total = 0;
        for (uint32_t sample = 0; sample < samples; sample++) {
            total += deltas[sample];
        }
        weights[at] = bnncl_changed_weight(rate, weights[at], total * config->bias_feature, at);
    }
}

#endif
