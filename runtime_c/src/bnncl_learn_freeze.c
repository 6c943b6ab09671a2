/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/replay.h"

#include <string.h>

void bnncl_learn_freeze(const bnncl_head_config *config, const bnncl_head *head)
{
    memset(head->current, 0, config->max_classes * sizeof *head->current);
    for (uint32_t i = 0; i < head->state->count; i++) {
        head->current[head->labels[i]]++;
    }
    bnncl_replay_count(config, head, head->current);
    for (uint32_t c = 0; c < config->max_classes; c++) {
        int16_t *row = bnncl_learn_row_at(config, head->tw, c);
        if (head->current[c] > 0 && head->past[c] > 0) {
            memcpy(row, bnncl_learn_row_at(config, head->cw, c), config->features * sizeof *row);
        } else {
            memset(row, 0, config->features * sizeof *row);
        }
    }
    head->state->phase = BNNCL_LEARN_FORWARD;
}
