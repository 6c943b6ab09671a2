/* SPDX-License-Identifier: 0BSD */
#include "bnncl/replay.h"

void bnncl_replay_count(const bnncl_head_config *config, const bnncl_head *head, uint32_t *restrict held)
{
    (void)config;
    for (uint32_t slot = 0; slot < head->state->stored; slot++) {
        held[head->replay_labels[slot]]++;
    }
}
