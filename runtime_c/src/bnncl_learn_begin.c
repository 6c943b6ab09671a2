/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

bnncl_status bnncl_learn_begin(const bnncl_head_config *config, const bnncl_head *head)
{
    (void)config;
    if (head->state->phase != BNNCL_LEARN_IDLE) {
        return head->state->phase == BNNCL_LEARN_LOST ? BNNCL_STATE_LOST : BNNCL_BUSY;
    }
    head->state->phase = BNNCL_LEARN_OPEN;
    return BNNCL_OK;
}
