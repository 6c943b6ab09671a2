/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

/* Where the bytes go. */
typedef struct {
    void (*put)(void *context, const uint8_t *bytes, uint32_t count);
    void *context;
} bnncl_bytes_to;

static void bnncl_put16(const bnncl_bytes_to *to, uint32_t value)
{
    const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    to->put(to->context, bytes, sizeof bytes);
}

static void bnncl_put32(const bnncl_bytes_to *to, uint32_t value)
{
    bnncl_put16(to, value & 0xFFFFu);
    bnncl_put16(to, value >> 16);
}

static void bnncl_put_numbers(const bnncl_bytes_to *to, const uint32_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bnncl_put32(to, values[i]);
    }
}

static void bnncl_put_weights(const bnncl_bytes_to *to, const bnncl_head_config *config,
                              const int16_t *weights)
{
    for (uint32_t c = 0; c < config->max_classes; c++) {
        for (uint32_t f = 0; f < config->features; f++) {
            bnncl_put16(to, (uint16_t)*weights++);
        }
    }
}

static void bnncl_put_samples(const bnncl_bytes_to *to, const bnncl_head_config *config,
                              const uint16_t *labels, const uint8_t *latents, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bnncl_put16(to, labels[i]);
    }
    for (uint32_t i = 0; i < count && config->latent_bytes > 0; i++) {
        to->put(to->context, latents + (size_t)i * config->latent_bytes, config->latent_bytes);
    }
}

void bnncl_learn_canonical(const bnncl_head_config *config, const bnncl_head *head,
                           void (*put)(void *context, const uint8_t *bytes, uint32_t count), void *context)
{
    const bnncl_bytes_to to = {put, context};
    const bnncl_learn_state *state = head->state;
    const uint32_t cursor[] = {state->phase, state->steps, state->epoch,
                               state->batch, state->item,  state->count};
    bnncl_put_numbers(&to, cursor, sizeof cursor / sizeof cursor[0]);
    if (config->tail != NULL) {
        bnncl_put32(&to, state->op);
    }
    bnncl_put_numbers(&to, head->past, config->max_classes);
    bnncl_put_weights(&to, config, head->cw);
    bnncl_put32(&to, state->stored);
    bnncl_put_numbers(&to, head->met, config->max_classes);
    bnncl_put_samples(&to, config, head->replay_labels, head->replay_latents, state->stored);
    if (bnncl_learn_is_open(state)) {
        bnncl_put_samples(&to, config, head->labels, head->latents, state->count);
    }
    if (bnncl_learn_in_training(state)) {
        bnncl_put_weights(&to, config, head->tw);
    }
}
