/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of inferences and of an experience of a generated project, and prints the first scores
 * and those after it. */
#include <stdio.h>

#include "bnncl_count.h"
#include "cost_case.h"
#include "model.h"

MODEL_DEFINE_CONTEXT(context);
static int16_t scores[MODEL_MAX_CLASSES];
static bool done;
static uint32_t at;

static void predict(void *unused)
{
    (void)unused;
    (void)model_infer(&context, cost_tested[at], scores);
}

static void sample(void *unused)
{
    (void)unused;
    (void)model_learn_sample(&context, cost_images[at], cost_labels[at]);
}

static void step(void *unused)
{
    (void)unused;
    (void)model_learn_step(&context, MODEL_STEP_UNITS, &done);
}

static void commit(void *unused)
{
    (void)unused;
    (void)model_learn_commit(&context);
}

static void count(const char *what, void (*body)(void *context))
{
    printf("%s %lu\n", what, (unsigned long)bnncl_count_instructions(body, NULL));
}

static void show(void)
{
    for (uint32_t i = 0; i < MODEL_MAX_CLASSES; i++) {
        printf("score %d\n", scores[i]);
    }
}

int main(void)
{
    if (model_init(&context, COST_SEED) != BNNCL_OK) {
        return 1;
    }
    for (at = 0; at < COST_TESTED; at++) {
        count("predict", predict);
    }
    show();
    if (model_learn_begin(&context) != BNNCL_OK) {
        return 1;
    }
    for (at = 0; at < COST_NEW; at++) {
        count("sample", sample);
    }
    while (!done) {
        count("step", step);
    }
    count("commit", commit);
    at = 0;
    predict(NULL);
    show();
    return 0;
}
