/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_LEARN_TAIL_H
#define BNNCL_LEARN_TAIL_H

#include "bnncl/learn.h"

#include <stdbool.h>
#include <stdint.h>

/* What learns behind the replay cut beside the head: straight lines of ops that generated code runs one by one.
 *
 * A sample of a minibatch is its forward ops, the head, which makes `delta` of a bnncl_head from what the forward
 * ops made, and its backward ops, which sum gradients up. An update is the rows of the head and then the ops that
 * change what else is trained, and follows every `accumulate` samples and the last one of a minibatch. Ops read and
 * write the memory that begins with the state of the head, and scratch of its workspace within one op only. */
typedef struct bnncl_tail {
    uint32_t forward;  /* ops of a sample before its head */
    uint32_t backward; /* ops of a sample behind its head */
    uint32_t update;   /* ops of an update behind the head's rows */
    bool goes_back;    /* whether an abort restores all that was trained */

    /* One unit of the work of an experience in training: bnncl_tail_unit, named here so that a head alone does
     * without it. */
    void (*unit)(const bnncl_head_config *config, const bnncl_head *head);

    /* Op number `op` of a sample, below forward + backward. */
    void (*sample_op)(const bnncl_head *head, uint32_t op);

    /* Op number `op` of an update, below update. */
    void (*update_op)(const bnncl_head *head, uint32_t op);

    /* Keeps what was trained: inference reads what is kept. */
    void (*commit)(const bnncl_head *head);

    /* Goes back to what was kept as far as that is possible; no gradients are summed up afterwards. */
    void (*abort)(const bnncl_head *head);
} bnncl_tail;

/* One op of a sample or of an update, the head of a sample or one row of it. */
void bnncl_tail_unit(const bnncl_head_config *config, const bnncl_head *head);

/* The latent [latent_bytes / 4] of the sample that a minibatch is at. */
const uint32_t *bnncl_tail_latent(const bnncl_head_config *config, const bnncl_head *head);

/* What the head reads of the sample that a minibatch is at: [input_bytes]. */
void *bnncl_tail_inputs(const bnncl_head_config *config, const bnncl_head *head);

/* What an update knows of the minibatch: cursor [3], seed, step, and the samples of all of it. */
void bnncl_tail_cursor(const bnncl_head_config *config, const bnncl_head *head, uint32_t *cursor);

/* Whether all of values [count] are within low..high. */
bool bnncl_tail_within_i8(const int8_t *values, uint32_t count, int32_t low, int32_t high);

bool bnncl_tail_within_i16(const int16_t *values, uint32_t count, int32_t low, int32_t high);

#endif
