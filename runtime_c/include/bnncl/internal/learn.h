/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LEARN_H
#define BNNCL_INTERNAL_LEARN_H

#include "bnncl/fixed.h"
#include "bnncl/learn.h"
#include "bnncl/prng.h"

#include <stddef.h>
#include <stdint.h>

/* Makes forward copies: the highest q_forward bits of each weight, rounded, halves up. Counted from `base`
 * they are not negative, so that the shift is one of numbers without sign:
 * floor((w + half) / 2**drop) = ((w + half + 2**15) >> drop) - 2**(15 - drop).
 * Weights stop where their copies are still symmetric about 0, so nothing has to be saturated here. */
typedef struct {
    int32_t offset; /* half + 2**15 */
    int32_t base;   /* 2**(15 - drop) */
    uint32_t drop;
} bnncl_copier;

static inline bnncl_copier bnncl_copier_of(const bnncl_head_config *config)
{
    const uint32_t drop = (uint32_t)config->q_backward - config->q_forward;
    bnncl_copier copier;
    copier.offset = (INT32_C(1) << 15) + (INT32_C(1) << drop) / 2;
    copier.base = INT32_C(1) << (15u - drop);
    copier.drop = drop;
    return copier;
}

/* The copy of a weight plus base, 0..2**16 - 1. */
static inline int32_t bnncl_copy_from_base(const bnncl_copier *copier, int32_t weight)
{
    return (int32_t)((uint32_t)(weight + copier->offset) >> copier->drop);
}

static inline int32_t bnncl_forward_copy(const bnncl_copier *copier, int32_t weight)
{
    return bnncl_copy_from_base(copier, weight) - copier->base;
}

/* `weight - change` within -limit..limit; no difference of these overflows. */
static inline int16_t bnncl_weight_less(int32_t weight, int32_t change, int32_t limit)
{
    if (change > weight + limit) {
        return (int16_t)-limit;
    }
    return (int16_t)(change < weight - limit ? limit : weight - change);
}

/* The weight after a minibatch whose gradients sum up to `gradient`; `at` is its place in the row. Where the
 * sum is 0 only the term is shifted, and that gives 0. Most rates have a shift of 32, and then the change is the
 * upper word. */
static inline int16_t bnncl_changed_weight(const bnncl_learn_rate *rate, int16_t weight, int32_t gradient,
                                           uint32_t at)
{
    const uint32_t random = rate->stochastic ? bnncl_mix(rate->noise ^ (rate->first + at)) : 0x80000000u;
    const int64_t product = (int64_t)gradient * rate->rate;
    if (rate->shift == 32) {
        return bnncl_weight_less(weight, bnncl_upper_word(product + random), rate->limit);
    }
    const int64_t change = bnncl_shift_right_floor(product + (random >> (32u - rate->shift)), rate->shift);
    return (int16_t)bnncl_saturate(weight - change, -rate->limit, rate->limit);
}

/* Samples that inputs and deltas have room for: those between two updates. */
static inline uint32_t bnncl_learn_room(const bnncl_head_config *config)
{
    return config->accumulate > 0 ? config->accumulate : config->new_per_step + config->replay_per_step;
}

/* The step that random words of an update are drawn for: updates within one minibatch have words of their own. */
static inline uint32_t bnncl_learn_noise_step(const bnncl_head_config *config, const bnncl_learn_state *state)
{
    const bool is_head_alone = config->tail == NULL;
    return is_head_alone ? state->steps
                         : state->steps + ((state->item - 1u) / bnncl_learn_room(config) << 24);
}

/* Whether an experience is open. */
static inline bool bnncl_learn_is_open(const bnncl_learn_state *state)
{
    return state->phase != BNNCL_LEARN_IDLE && state->phase != BNNCL_LEARN_LOST;
}

/* Whether one is open and frozen. */
static inline bool bnncl_learn_in_training(const bnncl_learn_state *state)
{
    return state->phase > BNNCL_LEARN_OPEN && state->phase != BNNCL_LEARN_LOST;
}

/* New samples of the current minibatch. */
static inline uint32_t bnncl_learn_new_samples(const bnncl_head_config *config,
                                               const bnncl_learn_state *state)
{
    const uint32_t left = state->count - state->batch * config->new_per_step;
    return left < config->new_per_step ? left : config->new_per_step;
}

/* Samples of the current minibatch, replayed ones included. */
static inline uint32_t bnncl_learn_samples(const bnncl_head_config *config, const bnncl_learn_state *state)
{
    const uint32_t replayed = state->stored > 0 ? config->replay_per_step : 0;
    return bnncl_learn_new_samples(config, state) + replayed;
}

/* The row of class `row`. */
static inline int16_t *bnncl_learn_row_at(const bnncl_head_config *config, int16_t *weights, uint32_t row)
{
    return weights + (size_t)row * config->features;
}

/* The largest magnitude of a weight: the largest one whose forward copy is 2**(q_forward - 1) - 1. */
static inline int32_t bnncl_weight_limit(const bnncl_head_config *config)
{
    const uint32_t drop = (uint32_t)config->q_backward - config->q_forward;
    return (INT32_C(1) << (config->q_backward - 1u)) - 1 - (INT32_C(1) << drop) / 2;
}

/* The experience is no more: between two experiences only `seed`, `steps` and `stored` are not 0. */
static inline void bnncl_learn_close(bnncl_learn_state *state)
{
    state->phase = BNNCL_LEARN_IDLE;
    state->epoch = 0;
    state->batch = 0;
    state->item = 0;
    state->count = 0;
    state->op = 0;
}

/* A sample of a minibatch. */
typedef struct {
    const uint8_t *latent;
    uint32_t label;
} bnncl_picked;

/* The sample that a minibatch is at. */
bnncl_picked bnncl_learn_pick(const bnncl_head_config *config, const bnncl_head *head);

/* The logits of `inputs`, and their gradients as number `at` of `deltas`. */
void bnncl_learn_gradient(const bnncl_head_config *config, const bnncl_head *head, const void *inputs,
                          uint32_t label, uint32_t at);

/* Changes one row by the first `samples` inputs and deltas. */
void bnncl_learn_row(const bnncl_head_config *config, const bnncl_head *head, uint32_t row, uint32_t samples);

/* On to the next minibatch, or to the end of the training. */
void bnncl_learn_next(const bnncl_head_config *config, bnncl_learn_state *state);

/* Starts the training of an experience with at least one sample. */
void bnncl_learn_freeze(const bnncl_head_config *config, const bnncl_head *head);

/* One sample of the minibatch, forward: its inputs and the gradients of its logits. */
void bnncl_learn_forward(const bnncl_head_config *config, const bnncl_head *head);

/* The update of one row; after the last one the minibatch is done. */
void bnncl_learn_update(const bnncl_head_config *config, const bnncl_head *head);

#endif
