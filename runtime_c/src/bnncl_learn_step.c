/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

bnncl_status bnncl_learn_step(const bnncl_head_config *config, const bnncl_head *head, uint32_t budget,
                              bool *done)
{
    bnncl_learn_state *state = head->state;
    if (budget == 0 || done == NULL) {
        return BNNCL_BAD_ARGUMENT;
    }
    if (!bnncl_learn_is_open(state)) {
        return BNNCL_BAD_STATE;
    }
    if (state->phase == BNNCL_LEARN_OPEN) {
        if (state->count == 0) {
            return BNNCL_EMPTY;
        }
        bnncl_learn_freeze(config, head);
    }
    for (; budget > 0 && state->phase != BNNCL_LEARN_TRAINED; budget--) {
        if (config->tail != NULL) {
            config->tail->unit(config, head);
        } else if (state->phase == BNNCL_LEARN_FORWARD) {
            bnncl_learn_forward(config, head);
        } else {
            bnncl_learn_update(config, head);
        }
    }
    *done = state->phase == BNNCL_LEARN_TRAINED;
    return BNNCL_OK;
}
