/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

/* The rate is at most rate_multiplier. */
static bnncl_learn_rate bnncl_rate_of(const bnncl_head_config *config, const bnncl_learn_state *state,
                                      uint32_t samples)
{
    bnncl_learn_rate rate;
    rate.rate = (int32_t)((config->rate_multiplier + samples / 2u) / samples);
    rate.limit = bnncl_weight_limit(config);
    rate.shift = config->rate_shift;
    rate.noise = bnncl_hash_step(state->seed, BNNCL_STREAM_ROUND, state->steps);
    rate.first = state->item * config->features;
    rate.stochastic = config->stochastic;
    return rate;
}

static void bnncl_next_batch(const bnncl_head_config *config, bnncl_learn_state *state)
{
    state->steps++;
    state->batch++;
    state->item = 0;
    state->phase = BNNCL_LEARN_FORWARD;
    if (state->batch * config->new_per_step >= state->count) {
        state->batch = 0;
        state->epoch++;
        if (state->epoch == config->epochs) {
            state->phase = BNNCL_LEARN_TRAINED;
        }
    }
}

void bnncl_learn_update(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    const uint32_t row = state->item;
    if ((head->past[row] | head->current[row]) != 0) {
        const uint32_t samples = bnncl_learn_samples(config, state);
        const bnncl_learn_rate rate = bnncl_rate_of(config, state, samples);
        config->update(config, &rate, bnncl_learn_row_at(config, head->tw, row),
                       head->deltas + (size_t)row * bnncl_learn_full_batch(config), head->inputs, samples);
    }
    state->item++;
    if (state->item == config->max_classes) {
        bnncl_next_batch(config, state);
    }
}
