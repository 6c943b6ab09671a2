/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/learn.h"

/* The features are +1 where a bit is 0 and -1 where it is 1: sum(delta * x) = sum(delta) - 2 * sum(delta where the bit
 * is 1). Of four samples at a time that sum is one of 16, chosen by their bits of the feature; the bits of eight
 * features, one in four, are brought together by shifts. */
enum { BNNCL_FEATURES = 32, BNNCL_EIGHT = 8, BNNCL_FOUR = 4, BNNCL_OF_FOUR = 16, BNNCL_FEW = 16 };

/* Up to 16 samples: their words of some 32 features, and the sums of the deltas of each four by which of them. */
typedef struct {
    uint32_t words[BNNCL_FEW];
    int32_t sums[BNNCL_FEW / BNNCL_FOUR][BNNCL_OF_FOUR];
    uint32_t fours;
} bnncl_few_samples;

/* Takes the deltas of up to 16 samples; what is missing of the last four has none. */
static void bnncl_take_deltas(bnncl_few_samples *few, const int16_t *deltas, uint32_t samples)
{
    few->fours = (samples + BNNCL_FOUR - 1u) / BNNCL_FOUR;
    for (uint32_t four = 0; four < few->fours; four++) {
        int32_t *const sums = few->sums[four];
        sums[0] = 0;
        for (uint32_t i = 0; i < BNNCL_FOUR; i++) {
            const uint32_t sample = four * BNNCL_FOUR + i;
            const int32_t delta = sample < samples ? deltas[sample] : 0;
            for (uint32_t j = 0; j < 1u << i; j++) {
                sums[(1u << i) + j] = sums[j] + delta;
            }
        }
    }
}

/* Takes a word of each of the samples; what is missing of the last four is as the first, and has no deltas. */
static inline void bnncl_take_words(bnncl_few_samples *few, const uint32_t *words, size_t stride,
                                    uint32_t samples)
{
    for (uint32_t sample = 0; sample < few->fours * BNNCL_FOUR; sample++) {
        few->words[sample] = words[sample < samples ? sample * stride : 0];
    }
}

/* The sums of the deltas where features first, first + 4, ..., first + 28 are 1: made[8]. */
static inline void bnncl_sum_eight(int32_t *made, const bnncl_few_samples *few, uint32_t first)
{
    const uint32_t *words = few->words;
    const int32_t *sums = few->sums[0];
    const uint32_t *const end = words + few->fours * BNNCL_FOUR;
    int32_t ones[BNNCL_EIGHT] = {0};
    while (words != end) {
        uint32_t by = (words[0] >> first) & 0x11111111u;
        by |= ((words[1] >> first) & 0x11111111u) << 1;
        by |= ((words[2] >> first) & 0x11111111u) << 2;
        by |= ((words[3] >> first) & 0x11111111u) << 3;
        ones[0] += sums[by & 0xFu];
        ones[1] += sums[(by >> 4) & 0xFu];
        ones[2] += sums[(by >> 8) & 0xFu];
        ones[3] += sums[(by >> 12) & 0xFu];
        ones[4] += sums[(by >> 16) & 0xFu];
        ones[5] += sums[(by >> 20) & 0xFu];
        ones[6] += sums[(by >> 24) & 0xFu];
        ones[7] += sums[by >> 28];
        words += BNNCL_FOUR;
        sums += BNNCL_OF_FOUR;
    }
    for (uint32_t i = 0; i < BNNCL_EIGHT; i++) {
        made[i] = ones[i];
    }
}

/* The sums of the deltas where each of 32 features is 1, feature 4 * i + k as number 8 * k + i; `words` is that of the
 * first sample. `few` holds the deltas already where all samples are few. */
static void bnncl_sums_of_ones(int32_t *ones, bnncl_few_samples *few, const int16_t *deltas,
                               const uint32_t *words, size_t stride, uint32_t samples)
{
    for (uint32_t at = 0; at < samples; at += BNNCL_FEW) {
        const uint32_t left = samples - at;
        const uint32_t count = left < BNNCL_FEW ? left : (uint32_t)BNNCL_FEW;
        if (samples > BNNCL_FEW) {
            bnncl_take_deltas(few, deltas + at, count);
        }
        bnncl_take_words(few, words + at * stride, stride, count);
        for (uint32_t k = 0; k < BNNCL_FOUR; k++) {
            int32_t made[BNNCL_EIGHT];
            bnncl_sum_eight(made, few, k);
            for (uint32_t i = 0; i < BNNCL_EIGHT; i++) {
                ones[BNNCL_EIGHT * k + i] = made[i] + (at > 0 ? ones[BNNCL_EIGHT * k + i] : 0);
            }
        }
    }
}

void bnncl_learn_update_bits(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                             const int16_t *deltas, const void *inputs, uint32_t samples)
{
    const uint32_t *words = inputs;
    const size_t stride = bnncl_words(config->inputs);
    bnncl_few_samples few;
    int32_t total = 0;
    uint32_t at = 0;
    for (uint32_t sample = 0; sample < samples; sample++) {
        total += deltas[sample];
    }
    if (samples <= BNNCL_FEW) {
        bnncl_take_deltas(&few, deltas, samples);
    }
    while (at < config->inputs) {
        const uint32_t left = config->inputs - at;
        const uint32_t count = left < BNNCL_FEATURES ? left : (uint32_t)BNNCL_FEATURES;
        int32_t ones[BNNCL_FEATURES];
        bnncl_sums_of_ones(ones, &few, deltas, words++, stride, samples);
        for (uint32_t i = 0; i < count; i++) {
            const int32_t sum = ones[i % BNNCL_FOUR * BNNCL_EIGHT + i / BNNCL_FOUR];
            weights[at] = bnncl_changed_weight(rate, weights[at], total - sum - sum, at);
            at++;
        }
    }
    if (config->bias_feature != 0) {
        weights[at] = bnncl_changed_weight(rate, weights[at], total * config->bias_feature, at);
    }
}
