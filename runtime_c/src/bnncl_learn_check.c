/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

bnncl_status bnncl_learn_check(const bnncl_head_config *config, const bnncl_head *head)
{
    const int32_t limit = bnncl_weight_limit(config);
    const size_t weights = (size_t)config->max_classes * config->features;
    if (head->state->stored > config->slots) {
        return BNNCL_STORAGE_ERROR;
    }
    for (uint32_t slot = 0; slot < head->state->stored; slot++) {
        if (head->replay_labels[slot] >= config->max_classes) {
            return BNNCL_STORAGE_ERROR;
        }
    }
    for (size_t i = 0; i < weights; i++) {
        if (head->cw[i] < -limit || head->cw[i] > limit) {
            return BNNCL_STORAGE_ERROR;
        }
    }
    return BNNCL_OK;
}
