/* SPDX-License-Identifier: 0BSD */
#include "bnncl/prng.h"
#include "bnncl/replay.h"

#include <stddef.h>
#include <string.h>

/* Functions that look for a slot answer `slots` where there is none. */

/* Slots for each class met; the class of the sample at hand has been counted, so there is one. */
static uint32_t bnncl_quota(const bnncl_head_config *config, const bnncl_head *head)
{
    uint32_t classes = 0;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        classes += head->met[c] > 0 ? 1u : 0u;
    }
    return classes > 0 ? config->slots / classes : config->slots;
}

static uint32_t bnncl_largest(const uint32_t *held, uint32_t classes)
{
    uint32_t largest = 0;
    for (uint32_t c = 1; c < classes; c++) {
        largest = held[c] > held[largest] ? c : largest;
    }
    return largest;
}

/* The slot of number `nth` of those that hold `label`; there are more than that. */
static uint32_t bnncl_slot_of(const bnncl_head *head, uint32_t label, uint32_t nth)
{
    uint32_t slot = 0;
    for (; slot < head->state->stored; slot++) {
        if (head->replay_labels[slot] == label) {
            if (nth == 0) {
                break;
            }
            nth--;
        }
    }
    return slot;
}

/* The random word that decides about a sample of class `label`, which has been counted. */
static uint32_t bnncl_slot_word(const bnncl_head *head, uint32_t label)
{
    return bnncl_hash32(head->state->seed, BNNCL_STREAM_SLOT, label, head->met[label]);
}

/* The class that gives a slot up gives any of its own: a fixed one would favour what came early. */
static uint32_t bnncl_free_slot(const bnncl_head_config *config, const bnncl_head *head, uint32_t *held,
                                uint32_t quota, uint32_t label)
{
    if (head->state->stored < config->slots) {
        head->state->stored++;
        return head->state->stored - 1u;
    }
    const uint32_t largest = bnncl_largest(held, config->max_classes);
    if (held[largest] <= quota) {
        return config->slots;
    }
    const uint32_t drawn = bnncl_below(held[largest], bnncl_slot_word(head, label));
    held[largest]--;
    return bnncl_slot_of(head, largest, drawn);
}

/* A sample that is the n-th of its class is kept with probability held / n. */
static uint32_t bnncl_replaced_slot(const bnncl_head_config *config, const bnncl_head *head,
                                    const uint32_t *held, uint32_t label)
{
    const uint32_t drawn = bnncl_below(head->met[label], bnncl_slot_word(head, label));
    return drawn < held[label] ? bnncl_slot_of(head, label, drawn) : config->slots;
}

void bnncl_replay_insert(const bnncl_head_config *config, const bnncl_head *head, uint32_t *restrict held,
                         const uint8_t *restrict latent, uint16_t label)
{
    uint32_t slot = config->slots;
    head->met[label] += head->met[label] < UINT32_MAX ? 1u : 0u;
    const uint32_t quota = bnncl_quota(config, head);
    if (held[label] < quota) {
        slot = bnncl_free_slot(config, head, held, quota, label);
        held[label] += slot < config->slots ? 1u : 0u;
    } else if (held[label] > 0) {
        slot = bnncl_replaced_slot(config, head, held, label);
    }
    if (slot < config->slots) {
        memcpy(head->replay_latents + (size_t)slot * config->latent_bytes, latent, config->latent_bytes);
        head->replay_labels[slot] = label;
    }
}
