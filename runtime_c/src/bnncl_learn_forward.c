/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

void bnncl_learn_forward(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    const bnncl_picked picked = bnncl_learn_pick(config, head);
    void *inputs = (uint8_t *)head->inputs + (size_t)state->item * config->input_bytes;
    config->features_of(head->workspace, picked.latent, inputs);
    bnncl_learn_gradient(config, head, inputs, picked.label, state->item);
    state->item++;
    if (state->item == bnncl_learn_samples(config, state)) {
        state->item = 0;
        state->phase = BNNCL_LEARN_UPDATE;
    }
}
