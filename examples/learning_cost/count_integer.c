/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of learning of a generated project: each sample taken in, each sample forward, each
 * row's update. */
#include <stdio.h>

#include "bnncl_count.h"
#include "cost_case.h"
#include "model.h"
#include "model_head.h"

MODEL_DEFINE_CONTEXT(context);
static bool done;
static uint32_t at;

static void sample(void *unused)
{
    (void)unused;
    (void)model_learn_sample(&context, cost_images[at], cost_labels[at]);
}

static void step(void *unused)
{
    (void)unused;
    (void)model_learn_step(&context, 1, &done);
}

int main(void)
{
    if (model_init(&context, 1) != BNNCL_OK || model_learn_begin(&context) != BNNCL_OK) {
        return 1;
    }
    for (at = 0; at < COST_NEW; at++) {
        printf("sample %lu\n", (unsigned long)bnncl_count_instructions(sample, NULL));
    }
    while (!done) {
        const bnncl_head head = model_head(&context);
        const char *what = head.state->phase == BNNCL_LEARN_UPDATE ? "update" : "forward";
        printf("%s %lu\n", what, (unsigned long)bnncl_count_instructions(step, NULL));
    }
    return model_learn_commit(&context) == BNNCL_OK ? 0 : 1;
}
