/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

/* Latents lie on words: the arrays of them do, and each is whole words. */
const uint32_t *bnncl_tail_latent(const bnncl_head_config *config, const bnncl_head *head)
{
    const void *latent = bnncl_learn_pick(config, head).latent;
    return latent;
}
