/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

/* The rate is that of the whole minibatch, however many of its samples are at hand; it is at most rate_multiplier. */
static bnncl_learn_rate bnncl_rate_of(const bnncl_head_config *config, const bnncl_learn_state *state,
                                      uint32_t row)
{
    const uint32_t samples = bnncl_learn_samples(config, state);
    bnncl_learn_rate rate;
    rate.rate = (int32_t)((config->rate_multiplier + samples / 2u) / samples);
    rate.limit = bnncl_weight_limit(config);
    rate.shift = config->rate_shift;
    rate.noise = bnncl_hash_step(state->seed, BNNCL_STREAM_ROUND, bnncl_learn_noise_step(config, state));
    rate.first = row * config->features;
    rate.stochastic = config->stochastic;
    return rate;
}

void bnncl_learn_row(const bnncl_head_config *config, const bnncl_head *head, uint32_t row, uint32_t samples)
{
    if ((head->past[row] | head->current[row]) != 0) {
        const bnncl_learn_rate rate = bnncl_rate_of(config, head->state, row);
        config->update(config, &rate, bnncl_learn_row_at(config, head->tw, row),
                       head->deltas + (size_t)row * bnncl_learn_room(config), head->inputs, samples);
    }
}
