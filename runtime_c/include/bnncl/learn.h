/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_LEARN_H
#define BNNCL_LEARN_H

#include "bnncl/learn_state.h"
#include "bnncl/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Learning of a head by CWR* in integers: consolidated rows, a working head that minibatches of new and
 * replayed samples train by SGD, and a replay memory of latents. docs/numerics.md has the arithmetic.
 *
 * An experience is begun, gets samples, is trained step by step, and is committed or aborted. The first step
 * freezes it: no sample is taken in any more. Scores come from the consolidated rows, which only a commit
 * changes. What is computed depends neither on how the steps are sliced nor on the machine.
 *
 * The functions trust their first two parameters, the configuration and the head, which generated code
 * provides. A call that returns another status than BNNCL_OK has changed nothing. */

/* How one minibatch changes a row of weights:
 * w -= floor((G * rate + term) / 2**shift), saturated to -limit..limit, with the gradient sum G of the weight
 * and term = half, or for stochastic rounding 32 random bits taken down to `shift` bits. |G| < 2**31 and
 * |G * rate| + 2**32 < 2**63, both proven by the compiler. */
typedef struct {
    int32_t rate;
    int32_t limit;
    uint32_t shift; /* 1..32 */
    uint32_t noise; /* bnncl_hash_step of the minibatch */
    uint32_t first; /* index of the row's first weight in the random numbers */
    bool stochastic;
} bnncl_learn_rate;

struct bnncl_tail;

/* The sizes and integers of one head, all fixed at compile time.
 *
 * A row of weights has `features` weights: `inputs` of them, and one for the bias where bias_feature is not
 * 0: a last feature that has this value always. Inputs are binary (packed words, input_bytes = 4 *
 * ceil(inputs / 32)), int8_t or uint8_t (input_bytes = inputs); `row` and `update` are the functions for that
 * type. */
typedef struct bnncl_head_config {
    uint32_t features;
    uint32_t inputs;
    uint32_t input_bytes;     /* of the inputs of one sample */
    uint32_t max_classes;     /* 1..65535 */
    uint32_t latent_bytes;    /* of one latent */
    uint32_t slots;           /* latents in the replay memory, 0..65535 */
    uint32_t experience;      /* latents of one experience, 1 or more */
    uint32_t new_per_step;    /* new samples of a minibatch, 1 or more */
    uint32_t replay_per_step; /* replayed samples of a minibatch, 0 or more */
    uint32_t epochs;          /* 1 or more */
    uint32_t accumulate;      /* samples between two updates, below those of a full minibatch; 0: all of it */
    uint32_t softmax_multiplier;
    uint32_t rate_multiplier; /* a minibatch of n samples has rate_multiplier / n, to nearest; below 2**31 */
    uint8_t softmax_shift;    /* 1..62 */
    uint8_t rate_shift;       /* 1..32 */
    uint8_t q_forward;        /* bits of forward copies, 2..8 */
    uint8_t q_backward;       /* bits of weights and gradients, q_forward..16 */
    uint8_t score_shift;      /* scores are accumulators / 2**score_shift, 0..30 */
    int8_t bias_feature;
    bool stochastic; /* stochastic rounding of updates, else to nearest */

    /* One accumulator: sum over the features of forward copy * feature. */
    int32_t (*row)(const struct bnncl_head_config *config, const int16_t *weights, const void *inputs);

    /* Changes one row by the minibatch of `samples` samples: deltas [samples], inputs [samples]
     * [input_bytes]. */
    void (*update)(const struct bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                   const int16_t *deltas, const void *inputs, uint32_t samples);

    /* Computes the inputs of the head from a latent: the frozen ops behind the cut. `inputs` is aligned to 4
     * bytes where inputs are binary. NULL where those ops learn. */
    void (*features_of)(void *workspace, const uint8_t *latent, void *inputs);

    /* What learns behind the cut beside the head (bnncl/learn_tail.h); NULL where nothing does. */
    const struct bnncl_tail *tail;
} bnncl_head_config;

/* Where everything is in memory; nothing overlaps. What is marked * lasts from call to call, and the rest as
 * long as an experience is open. */
typedef struct {
    bnncl_learn_state *state; /* * */
    int16_t *cw;              /* * [max_classes][features], consolidated weights */
    uint32_t *past;           /* * [max_classes], samples learned of each class; 0: not known */
    uint32_t *met;            /* * [max_classes], samples of each class that the replay memory has met */
    uint16_t *replay_labels;  /* * [slots] */
    uint8_t *replay_latents;  /* * [slots][latent_bytes] */
    int16_t *tw;              /* [max_classes][features], weights being trained */
    uint32_t *current;        /* [max_classes], samples of each class, new and replayed */
    uint16_t *labels;         /* [experience] */
    uint8_t *latents;         /* [experience][latent_bytes] */
    int16_t *deltas;          /* [max_classes][samples between two updates] */
    void *inputs;             /* [samples between two updates][input_bytes], aligned to 4 */
    int32_t *logits;          /* [max_classes] */
    uint32_t *active;         /* [max_classes] */
    void *workspace;          /* of features_of, used within a step only */
    int16_t *delta;           /* [max_classes], gradient of one sample's logits; of use to a tail only */
} bnncl_head;

/* Opens an experience. BNNCL_BUSY where one is open, BNNCL_STATE_LOST after an abort that could not go back. */
bnncl_status bnncl_learn_begin(const bnncl_head_config *config, const bnncl_head *head);

/* Whether bnncl_learn_sample would take in a sample with `label`, so that its latent is worth computing: BNNCL_OK,
 * or what that would return. */
bnncl_status bnncl_learn_may_sample(const bnncl_head_config *config, const bnncl_head *head, uint16_t label);

/* Takes in one sample: latent [latent_bytes]. BNNCL_BUSY once a step has been made, BNNCL_BAD_STATE where no
 * experience is open, BNNCL_BAD_LABEL where label >= max_classes, BNNCL_FULL after `experience` samples. */
bnncl_status bnncl_learn_sample(const bnncl_head_config *config, const bnncl_head *head,
                                const uint8_t *restrict latent, uint16_t label);

/* Does `budget` units of work, or what is left: a unit is one sample forward or one row's update, and where a tail
 * learns one op of a sample or of an update. `done` says whether all is done. BNNCL_BAD_ARGUMENT where budget is 0 or done NULL, BNNCL_BAD_STATE where no experience
 * is open, BNNCL_EMPTY where it has no sample. */
bnncl_status bnncl_learn_step(const bnncl_head_config *config, const bnncl_head *head, uint32_t budget,
                              bool *done);

/* Consolidates what was trained and offers the samples to the replay memory. BNNCL_BAD_STATE before all steps
 * are done. */
bnncl_status bnncl_learn_commit(const bnncl_head_config *config, const bnncl_head *head);

/* Gives the open experience up: everything that lasts is as after the last commit. Where a tail has no copy of that,
 * and a step has been made, what it trained is lost, and a state has to be loaded before the next experience. */
bnncl_status bnncl_learn_abort(const bnncl_head_config *config, const bnncl_head *head);

/* Whether what was read from storage can be a state of this head: slots in use, their labels, and the range of the
 * weights, on which memory safety and the proofs of no overflow rest. BNNCL_STORAGE_ERROR where it cannot. */
bnncl_status bnncl_learn_check(const bnncl_head_config *config, const bnncl_head *head);

/* The scores of `inputs` [input_bytes] by the consolidated weights: scores [max_classes], accumulators /
 * 2**score_shift to nearest, saturated to -32767..32767; INT16_MIN for a class that is not known. */
void bnncl_learn_scores(const bnncl_head_config *config, const bnncl_head *head, const void *restrict inputs,
                        int16_t *restrict scores);

/* Hands all state out as bytes, little-endian, the same on every machine: the order is in docs/numerics.md.
 * `put` gets them in pieces of 1 byte or more. */
void bnncl_learn_canonical(const bnncl_head_config *config, const bnncl_head *head,
                           void (*put)(void *context, const uint8_t *bytes, uint32_t count), void *context);

/* The functions for `row` and `update` of a configuration. */
int32_t bnncl_learn_row_bits(const bnncl_head_config *config, const int16_t *weights, const void *inputs);

int32_t bnncl_learn_row_i8(const bnncl_head_config *config, const int16_t *weights, const void *inputs);

int32_t bnncl_learn_row_u8(const bnncl_head_config *config, const int16_t *weights, const void *inputs);

void bnncl_learn_update_bits(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                             const int16_t *deltas, const void *inputs, uint32_t samples);

void bnncl_learn_update_i8(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                           const int16_t *deltas, const void *inputs, uint32_t samples);

void bnncl_learn_update_u8(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                           const int16_t *deltas, const void *inputs, uint32_t samples);

#endif
