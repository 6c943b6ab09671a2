/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/softmax.h"

void bnncl_learn_gradient(const bnncl_head_config *config, const bnncl_head *head, const void *inputs,
                          uint32_t label, uint32_t at)
{
    const uint32_t room = bnncl_learn_room(config);
    int16_t *delta = head->deltas + at;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        head->active[c] = head->past[c] | head->current[c];
        head->logits[c] =
            head->active[c] != 0 ? config->row(config, bnncl_learn_row_at(config, head->tw, c), inputs) : 0;
    }
    bnncl_learn_softmax(head->logits, head->active, config->max_classes, config->softmax_multiplier,
                        config->softmax_shift);
    head->logits[label] -= BNNCL_PROBABILITY_ONE;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        *delta = (int16_t)bnncl_logit_gradient(head->logits[c], config->q_backward);
        delta += room;
    }
}
