/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

#include <string.h>

bnncl_status bnncl_learn_sample(const bnncl_head_config *config, const bnncl_head *head,
                                const uint8_t *restrict latent, uint16_t label)
{
    bnncl_learn_state *state = head->state;
    if (latent == NULL) {
        return BNNCL_BAD_ARGUMENT;
    }
    const bnncl_status status = bnncl_learn_may_sample(config, head, label);
    if (status != BNNCL_OK) {
        return status;
    }
    memcpy(head->latents + (size_t)state->count * config->latent_bytes, latent, config->latent_bytes);
    head->labels[state->count] = label;
    state->count++;
    return BNNCL_OK;
}
