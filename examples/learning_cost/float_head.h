/* SPDX-License-Identifier: 0BSD */
#ifndef FLOAT_HEAD_H
#define FLOAT_HEAD_H

#include <stddef.h>
#include <stdint.h>

#include "cost_case.h"

/* The head of cost_case.h in float32, as one would write it without bnncl: what the integer head is held against.
 *
 * COST_INPUTS features are the bits of a latent, 1 for -1; the last one is the constant 1. */
typedef struct {
    float weights[COST_CLASSES][COST_INPUTS + 1];
    float gradient[COST_CLASSES][COST_INPUTS + 1]; /* of the minibatch, summed up */
    float features[COST_INPUTS + 1];
    float p[COST_CLASSES];
} float_head;

/* One sample of a minibatch: forward, softmax, and its share of the gradient. latent: [COST_INPUTS / 32, up]. */
void float_head_sample(float_head *head, const uint32_t *latent, uint32_t label);

/* The end of a minibatch of `samples` samples: SGD at `rate`. */
void float_head_update(float_head *head, float rate, uint32_t samples);

#endif
