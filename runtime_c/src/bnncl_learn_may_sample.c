/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

bnncl_status bnncl_learn_may_sample(const bnncl_head_config *config, const bnncl_head *head, uint16_t label)
{
    const bnncl_learn_state *state = head->state;
    if (state->phase != BNNCL_LEARN_OPEN) {
        return bnncl_learn_is_open(state) ? BNNCL_BUSY : BNNCL_BAD_STATE;
    }
    if (label >= config->max_classes) {
        return BNNCL_BAD_LABEL;
    }
    return state->count == config->experience ? BNNCL_FULL : BNNCL_OK;
}
