/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

/* Steps go back too, so that what is learned next does not depend on what was given up. */
bnncl_status bnncl_learn_abort(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    const uint32_t batches = state->count / config->new_per_step + (state->count % config->new_per_step > 0);
    const bool changed = bnncl_learn_in_training(state);
    if (state->phase == BNNCL_LEARN_LOST) {
        return BNNCL_OK;
    }
    state->steps -= state->epoch * batches + state->batch;
    bnncl_learn_close(state);
    if (config->tail != NULL && changed) {
        config->tail->abort(head);
        state->phase = config->tail->goes_back ? BNNCL_LEARN_IDLE : BNNCL_LEARN_LOST;
    }
    return BNNCL_OK;
}
