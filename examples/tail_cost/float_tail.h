/* SPDX-License-Identifier: 0BSD */
#ifndef FLOAT_TAIL_H
#define FLOAT_TAIL_H

#include "float_conv.h"

/* The tail of tail_case.h in float32, as one would write it without bnncl: what a step in integers is held against.
 *
 * TAIL_BLOCKS blocks PReLU(norm(conv(sign(x + at))) + x), the mean of each channel, a linear head without bias. The
 * first block reads a latent: bits, whose shortcut is shortcut_mean + shortcut_slope * bit. A sign passes
 * gradients on where |x + at| <= 1. Statistics of the norms are fixed. Maps are [TAIL_SIZE][TAIL_SIZE][TAIL_CHANNELS]. */
typedef struct {
    float scale[TAIL_CHANNELS];
    float offset[TAIL_CHANNELS];
    float slope[TAIL_CHANNELS];
    float at[TAIL_CHANNELS]; /* not that of the first block, which reads bits */
} float_parameters;

typedef struct {
    float latent[TAIL_FILTER]; /* real weights, within -1..1 */
    float sign[TAIL_FILTER];   /* their signs */
    float sum[TAIL_FILTER];    /* gradient of the minibatch, summed up */
    float_parameters parameters;
    float_parameters sums;
    float mean[TAIL_CHANNELS];
    float inverse[TAIL_CHANNELS]; /* 1 by the standard deviation */

    float input[TAIL_SIDE * TAIL_SIDE * TAIL_CHANNELS]; /* signs, within a border of +1 */
    float conv[TAIL_NUMBERS];
    float sloped[TAIL_NUMBERS]; /* what the PReLU reads */
    float output[TAIL_NUMBERS];
} float_block;

typedef struct {
    float_block blocks[TAIL_BLOCKS];
    float shortcut_mean[TAIL_CHANNELS];
    float shortcut_slope[TAIL_CHANNELS];
    float weights[TAIL_CLASSES][TAIL_CHANNELS];
    float sums[TAIL_CLASSES][TAIL_CHANNELS]; /* their gradient, summed up */
    float features[TAIL_CHANNELS];
    float p[TAIL_CLASSES];
    float gradient[TAIL_NUMBERS]; /* of a block's output, then of what its PReLU reads */
    float of_conv[TAIL_NUMBERS];  /* of a convolution's sums */
    float of_input[TAIL_NUMBERS]; /* of its input */
} float_tail;

/* A tail as it is at first. */
void float_tail_init(float_tail *tail);

/* A sample of a minibatch is each block forward in turn, the head, and each block back from the last one, its
 * input gradient only where it is not the first. latent: [TAIL_SIZE * TAIL_SIZE][TAIL_CHANNELS / 32] words. */
void float_tail_forward(float_tail *tail, size_t block, const uint32_t *latent);
void float_tail_head(float_tail *tail, uint32_t label);
void float_tail_filter_gradient(float_tail *tail, size_t block);
void float_tail_input_gradient(float_tail *tail, size_t block);

/* The end of a minibatch of `samples` samples: SGD, `head_rate` for the head. */
void float_tail_update(float_tail *tail, float head_rate, float rate, uint32_t samples);

#endif
