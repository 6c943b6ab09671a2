/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/roots.h"

/* New samples come in an order that is another for each epoch; epochs begin `batch` steps before now. */
static bnncl_picked bnncl_pick_new(const bnncl_head_config *config, const bnncl_head *head)
{
    const bnncl_learn_state *state = head->state;
    const uint32_t begin = state->steps - state->batch;
    const uint32_t key = bnncl_hash32(state->seed, BNNCL_STREAM_ORDER, begin, state->epoch);
    const uint32_t index = state->batch * config->new_per_step + state->item;
    const uint32_t at = bnncl_learn_permuted(key, index, state->count);
    const bnncl_picked picked = {head->latents + (size_t)at * config->latent_bytes, head->labels[at]};
    return picked;
}

/* Replayed samples go round the memory, each round in an order of its own; `item` counts replayed samples of
 * the minibatch. */
static bnncl_picked bnncl_pick_replayed(const bnncl_head_config *config, const bnncl_head *head,
                                        uint32_t item)
{
    const bnncl_learn_state *state = head->state;
    const uint64_t draw = (uint64_t)state->steps * config->replay_per_step + item;
    uint32_t index = 0;
    const uint32_t turn = (uint32_t)bnncl_learn_divide(draw, state->stored, &index);
    const uint32_t key = bnncl_hash32(state->seed, BNNCL_STREAM_REPLAY, turn, state->stored);
    const uint32_t slot = bnncl_learn_permuted(key, index, state->stored);
    const bnncl_picked picked = {head->replay_latents + (size_t)slot * config->latent_bytes,
                                 head->replay_labels[slot]};
    return picked;
}

bnncl_picked bnncl_learn_pick(const bnncl_head_config *config, const bnncl_head *head)
{
    const uint32_t item = head->state->item;
    const uint32_t new_samples = bnncl_learn_new_samples(config, head->state);
    return item < new_samples ? bnncl_pick_new(config, head)
                              : bnncl_pick_replayed(config, head, item - new_samples);
}
