/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/roots.h"
#include "bnncl/softmax.h"

/* A sample of the minibatch. */
typedef struct {
    const uint8_t *latent;
    uint32_t label;
} bnncl_picked;

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

void bnncl_learn_forward(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    const uint32_t new_samples = bnncl_learn_new_samples(config, state);
    const bnncl_picked picked = state->item < new_samples
                                    ? bnncl_pick_new(config, head)
                                    : bnncl_pick_replayed(config, head, state->item - new_samples);
    void *inputs = (uint8_t *)head->inputs + (size_t)state->item * config->input_bytes;
    int16_t *delta = head->deltas + state->item;
    config->features_of(head->workspace, picked.latent, inputs);
    for (uint32_t c = 0; c < config->max_classes; c++) {
        head->active[c] = head->past[c] | head->current[c];
        head->logits[c] =
            head->active[c] != 0 ? config->row(config, bnncl_learn_row_at(config, head->tw, c), inputs) : 0;
    }
    bnncl_learn_softmax(head->logits, head->active, config->max_classes, config->softmax_multiplier,
                        config->softmax_shift);
    head->logits[picked.label] -= BNNCL_PROBABILITY_ONE;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        *delta = (int16_t)bnncl_logit_gradient(head->logits[c], config->q_backward);
        delta += bnncl_learn_full_batch(config);
    }
    state->item++;
    if (state->item == bnncl_learn_samples(config, state)) {
        state->item = 0;
        state->phase = BNNCL_LEARN_UPDATE;
    }
}
