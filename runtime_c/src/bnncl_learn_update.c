/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

void bnncl_learn_update(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    bnncl_learn_row(config, head, state->item, bnncl_learn_samples(config, state));
    state->item++;
    if (state->item == config->max_classes) {
        bnncl_learn_next(config, state);
    }
}
