/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

void bnncl_tail_cursor(const bnncl_head_config *config, const bnncl_head *head, uint32_t *cursor)
{
    cursor[0] = head->state->seed;
    cursor[1] = bnncl_learn_noise_step(config, head->state);
    cursor[2] = bnncl_learn_samples(config, head->state);
}
