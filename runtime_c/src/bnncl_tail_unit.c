/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"
#include "bnncl/learn_tail.h"

/* The head of a sample: the gradient of its logits stands with those of the minibatch, and by itself. */
static void bnncl_tail_head(const bnncl_head_config *config, const bnncl_head *head)
{
    const uint32_t room = bnncl_learn_room(config);
    const uint32_t at = head->state->item % room;
    const uint32_t label = bnncl_learn_pick(config, head).label;
    bnncl_learn_gradient(config, head, bnncl_tail_inputs(config, head), label, at);
    for (uint32_t c = 0; c < config->max_classes; c++) {
        head->delta[c] = head->deltas[(size_t)c * room + at];
    }
}

static void bnncl_tail_sample(const bnncl_head_config *config, const bnncl_head *head)
{
    const bnncl_tail *tail = config->tail;
    bnncl_learn_state *state = head->state;
    const uint32_t op = state->op;
    if (op == tail->forward) {
        bnncl_tail_head(config, head);
    } else {
        tail->sample_op(head, op < tail->forward ? op : op - 1u);
    }
    state->op++;
    if (op < tail->forward + tail->backward) {
        return;
    }
    state->op = 0;
    state->item++;
    if (state->item % bnncl_learn_room(config) == 0 || state->item == bnncl_learn_samples(config, state)) {
        state->phase = BNNCL_LEARN_UPDATE;
    }
}

/* `item` is the number of samples of the minibatch that have been taken. */
static void bnncl_tail_update(const bnncl_head_config *config, const bnncl_head *head)
{
    bnncl_learn_state *state = head->state;
    if (state->op < config->max_classes) {
        const uint32_t samples = (state->item - 1u) % bnncl_learn_room(config) + 1u;
        bnncl_learn_row(config, head, state->op, samples);
    } else {
        config->tail->update_op(head, state->op - config->max_classes);
    }
    state->op++;
    if (state->op < config->max_classes + config->tail->update) {
        return;
    }
    state->op = 0;
    state->phase = BNNCL_LEARN_FORWARD;
    if (state->item == bnncl_learn_samples(config, state)) {
        bnncl_learn_next(config, state);
    }
}

void bnncl_tail_unit(const bnncl_head_config *config, const bnncl_head *head)
{
    if (head->state->phase == BNNCL_LEARN_FORWARD) {
        bnncl_tail_sample(config, head);
    } else {
        bnncl_tail_update(config, head);
    }
}
