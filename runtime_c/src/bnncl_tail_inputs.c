/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

void *bnncl_tail_inputs(const bnncl_head_config *config, const bnncl_head *head)
{
    const uint32_t at = head->state->item % bnncl_learn_room(config);
    return (uint8_t *)head->inputs + (size_t)at * config->input_bytes;
}
