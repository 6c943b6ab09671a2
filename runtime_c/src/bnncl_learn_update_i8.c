/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

/* Four weights, the inputs of the first sample being `x`. */
static void bnncl_update_four(const bnncl_learn_rate *rate, int16_t *weights, const int16_t *deltas,
                              const int8_t *x, size_t stride, uint32_t samples, uint32_t at)
{
    int32_t sum0 = 0;
    int32_t sum1 = 0;
    int32_t sum2 = 0;
    int32_t sum3 = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        const int32_t delta = deltas[sample];
        sum0 += delta * x[0];
        sum1 += delta * x[1];
        sum2 += delta * x[2];
        sum3 += delta * x[3];
        x += stride;
    }
    weights[0] = bnncl_changed_weight(rate, weights[0], sum0, at);
    weights[1] = bnncl_changed_weight(rate, weights[1], sum1, at + 1);
    weights[2] = bnncl_changed_weight(rate, weights[2], sum2, at + 2);
    weights[3] = bnncl_changed_weight(rate, weights[3], sum3, at + 3);
}

void bnncl_learn_update_i8(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                           const int16_t *deltas, const void *inputs, uint32_t samples)
{
    const int8_t *x = inputs;
    const size_t stride = config->inputs;
    uint32_t at = 0;
    for (; at + 4 <= config->inputs; at += 4) {
        bnncl_update_four(rate, weights + at, deltas, x + at, stride, samples, at);
    }
    for (; at < config->inputs; at++) {
        int32_t gradient = 0;
        for (uint32_t sample = 0; sample < samples; sample++) {
            gradient += deltas[sample] * x[at + sample * stride];
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
