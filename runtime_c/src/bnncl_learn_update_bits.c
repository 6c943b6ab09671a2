/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/learn.h"

/* `delta` where bit `bit` of `word` is 1, else 0. */
static inline int32_t bnncl_delta_if(int32_t delta, uint32_t word, uint32_t bit)
{
    return delta * (int32_t)((word >> bit) & 1u);
}

/* Four weights whose features are the bits from `bit` on of word number 0 of each sample. With x = +1 where
 * the bit is 0, sum(delta * x) = sum(delta) - 2 * sum(delta where the bit is 1). */
static void bnncl_update_four(const bnncl_learn_rate *rate, int16_t *weights, const int16_t *deltas,
                              const uint32_t *words, size_t stride, uint32_t samples, int32_t total,
                              uint32_t at)
{
    const uint32_t bit = at % 32u;
    int32_t ones0 = 0;
    int32_t ones1 = 0;
    int32_t ones2 = 0;
    int32_t ones3 = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        const uint32_t nibble = *words >> bit;
        const int32_t delta = deltas[sample];
        ones0 += bnncl_delta_if(delta, nibble, 0);
        ones1 += bnncl_delta_if(delta, nibble, 1);
        ones2 += bnncl_delta_if(delta, nibble, 2);
        ones3 += bnncl_delta_if(delta, nibble, 3);
        words += stride;
    }
    weights[0] = bnncl_changed_weight(rate, weights[0], total - ones0 - ones0, at);
    weights[1] = bnncl_changed_weight(rate, weights[1], total - ones1 - ones1, at + 1);
    weights[2] = bnncl_changed_weight(rate, weights[2], total - ones2 - ones2, at + 2);
    weights[3] = bnncl_changed_weight(rate, weights[3], total - ones3 - ones3, at + 3);
}

/* One weight. */
static void bnncl_update_one(const bnncl_learn_rate *rate, int16_t *weight, const int16_t *deltas,
                             const uint32_t *words, size_t stride, uint32_t samples, int32_t total,
                             uint32_t at)
{
    int32_t ones = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        ones += bnncl_delta_if(deltas[sample], *words, at % 32u);
        words += stride;
    }
    *weight = bnncl_changed_weight(rate, *weight, total - ones - ones, at);
}

void bnncl_learn_update_bits(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                             const int16_t *deltas, const void *inputs, uint32_t samples)
{
    const uint32_t *words = inputs;
    const size_t stride = bnncl_words(config->inputs);
    int32_t total = 0;
    uint32_t at = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        total += deltas[sample];
    }
    for (; at + 4 <= config->inputs; at += 4) {
        bnncl_update_four(rate, weights + at, deltas, words + at / 32u, stride, samples, total, at);
    }
    for (; at < config->inputs; at++) {
        bnncl_update_one(rate, weights + at, deltas, words + at / 32u, stride, samples, total, at);
    }
    if (config->bias_feature != 0) {
        weights[at] = bnncl_changed_weight(rate, weights[at], total * config->bias_feature, at);
    }
}
