/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of minibatches of the float32 head: each sample, and the update at the end. */
#include <stdio.h>

#include "bnncl_count.h"
#include "float_head.h"

static float_head head;
static uint32_t at;

static void sample(void *unused)
{
    (void)unused;
    float_head_sample(&head, cost_latents[at], cost_labels[at]);
}

static void update(void *unused)
{
    (void)unused;
    float_head_update(&head, COST_RATE, COST_BATCH);
}

int main(void)
{
    for (size_t c = 0; c < COST_CLASSES; c++) {
        for (size_t i = 0; i < COST_INPUTS + 1; i++) {
            head.weights[c][i] = (float)cost_weights[c][i] * COST_UNIT;
        }
    }
    for (uint32_t batch = 0; batch < COST_BATCHES; batch++) {
        for (at = 0; at < COST_BATCH; at++) {
            printf("forward %lu\n", (unsigned long)bnncl_count_instructions(sample, NULL));
        }
        printf("update %lu\n", (unsigned long)bnncl_count_instructions(update, NULL));
    }
    for (size_t c = 0; c < COST_CLASSES; c++) {
        for (size_t i = 0; i < COST_INPUTS + 1; i++) {
            printf("weight %ld\n", (long)(head.weights[c][i] / COST_UNIT * 256.0f));
        }
    }
    return 0;
}
