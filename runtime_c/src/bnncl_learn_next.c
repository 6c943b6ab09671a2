/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

void bnncl_learn_next(const bnncl_head_config *config, bnncl_learn_state *state)
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
