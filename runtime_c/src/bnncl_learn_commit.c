/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"
#include "bnncl/replay.h"
#include "bnncl/roots.h"

#include <string.h>

/* The mean of all weights of the rows that were trained on samples of their own; it is one of int16_t. */
static int32_t bnncl_mean_of_rows(const bnncl_head_config *config, const bnncl_head *head)
{
    int64_t sum = 0;
    uint32_t rows = 0;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        if (head->current[c] > 0) {
            const int16_t *row = bnncl_learn_row_at(config, head->tw, c);
            for (uint32_t f = 0; f < config->features; f++) {
                sum += row[f];
            }
            rows++;
        }
    }
    const uint32_t count = rows * config->features;
    /* floor((2 * sum + count) / (2 * count)), by magnitudes: for sum < 0 halves go towards 0. */
    uint32_t rest = 0;
    const uint64_t magnitude = (uint64_t)(sum < 0 ? -sum : sum);
    const int32_t quotient = (int32_t)bnncl_learn_divide(magnitude, count, &rest);
    if (sum < 0) {
        return -(quotient + (rest > count - rest));
    }
    return quotient + (rest >= count - rest);
}

/* The consolidated row of class c: the mean of old and new, weighted with the root of the samples past by
 * those now. |old| < 2**15, |new| < 2**16 and weight < 2**16: the numerator is below 2**32 in magnitude. */
static void bnncl_consolidate(const bnncl_head_config *config, const bnncl_head *head, uint32_t c,
                              int32_t mean)
{
    const int32_t limit = bnncl_weight_limit(config);
    const int16_t *trained = bnncl_learn_row_at(config, head->tw, c);
    int16_t *row = bnncl_learn_row_at(config, head->cw, c);
    const uint32_t past = head->past[c];
    const uint32_t weight = past > 0 ? bnncl_learn_weight_of_past(past, head->current[c]) : 0;
    for (uint32_t f = 0; f < config->features; f++) {
        int64_t value = (int64_t)trained[f] - mean;
        if (past > 0) {
            value = bnncl_divide_round((int64_t)row[f] * weight + value * 256, weight + 256u);
        }
        row[f] = (int16_t)bnncl_saturate(value, -limit, limit);
    }
    head->past[c] = head->current[c] < UINT32_MAX - past ? past + head->current[c] : UINT32_MAX;
}

bnncl_status bnncl_learn_commit(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    if (state->phase != BNNCL_LEARN_TRAINED) {
        return BNNCL_BAD_STATE;
    }
    const int32_t mean = bnncl_mean_of_rows(config, head);
    for (uint32_t c = 0; c < config->max_classes; c++) {
        if (head->current[c] > 0) {
            bnncl_consolidate(config, head, c, mean);
        }
    }
    memset(head->current, 0, config->max_classes * sizeof *head->current);
    bnncl_replay_count(config, head, head->current);
    for (uint32_t i = 0; i < state->count; i++) {
        bnncl_replay_insert(config, head, head->current, head->latents + (size_t)i * config->latent_bytes,
                            head->labels[i]);
    }
    if (config->tail != NULL) {
        config->tail->commit(head);
    }
    bnncl_learn_close(state);
    return BNNCL_OK;
}
