/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of learning of a generated project, op by op. */
#include "bnncl_count.h"
#include "model.h"
#include "model_head.h"
#include "tail_case.h"

#include <stdio.h>

MODEL_DEFINE_CONTEXT(context);
static bool done;
static bnncl_status status;

static void step(void *unused)
{
    (void)unused;
    status = model_learn_step(&context, 1, &done);
}

int main(void)
{
    if (model_init(&context, 1) != BNNCL_OK || model_learn_begin(&context) != BNNCL_OK) {
        return 1;
    }
    for (size_t i = 0; i < TAIL_NEW; i++) {
        if (model_learn_sample(&context, tail_images[i], tail_labels[i]) != BNNCL_OK) {
            return 1;
        }
    }
    while (!done && status == BNNCL_OK) {
        const bnncl_learn_state *state = model_head(&context).state;
        const char *what = state->phase == BNNCL_LEARN_UPDATE ? "update" : "sample";
        const uint32_t op = state->op;
        const uint32_t instructions = bnncl_count_instructions(step, NULL);
        printf("%s %lu %lu\n", what, (unsigned long)op, (unsigned long)instructions);
    }
    return status == BNNCL_OK && model_learn_commit(&context) == BNNCL_OK ? 0 : 1;
}
