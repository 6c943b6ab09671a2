/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of minibatches of the float32 tail: the parts of each sample, and the update at the end. */
#include "float_tail.h"

#include <string.h>

static float_tail tail;
static uint32_t sample;
static size_t block;

static void forward(void *unused)
{
    (void)unused;
    float_tail_forward(&tail, block, tail_latents[sample]);
}

static void head(void *unused)
{
    (void)unused;
    float_tail_head(&tail, tail_labels[sample]);
}

static void filter_gradient(void *unused)
{
    (void)unused;
    float_tail_filter_gradient(&tail, block);
}

static void input_gradient(void *unused)
{
    (void)unused;
    float_tail_input_gradient(&tail, block);
}

static void update(void *unused)
{
    (void)unused;
    float_tail_update(&tail, TAIL_HEAD_RATE, TAIL_RATE, TAIL_BATCH);
}

static void count(const char *what, size_t op, void (*part)(void *))
{
    const uint32_t instructions = bnncl_count_instructions(part, NULL);
    printf("%s %u %lu\n", what, (unsigned)op, (unsigned long)instructions);
}

static void learn_sample(void)
{
    for (block = 0; block < TAIL_BLOCKS; block++) {
        count("forward", block, forward);
    }
    count("head", 0, head);
    for (block = TAIL_BLOCKS; block-- > 0;) {
        count("backward", 2 * block, filter_gradient);
        if (block > 0) {
            count("backward", 2 * block + 1, input_gradient);
        }
    }
}

/* The bits of floats, so that nothing of them is lost. */
static void show(const char *what, const float *numbers, size_t count_of)
{
    for (size_t i = 0; i < count_of; i++) {
        uint32_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        printf("%s %lu\n", what, (unsigned long)bits);
    }
}

static void show_learned(void)
{
    show("rows", &tail.weights[0][0], TAIL_CLASSES * TAIL_CHANNELS);
    for (size_t b = 0; b < TAIL_BLOCKS; b++) {
        show("filters", tail.blocks[b].latent, TAIL_FILTER);
        show("scales", tail.blocks[b].parameters.scale, TAIL_CHANNELS);
        show("offsets", tail.blocks[b].parameters.offset, TAIL_CHANNELS);
        show("slopes", tail.blocks[b].parameters.slope, TAIL_CHANNELS);
        show("at", tail.blocks[b].parameters.at, TAIL_CHANNELS);
    }
}

int main(void)
{
    float_tail_init(&tail);
    for (size_t batch = 0; batch < TAIL_BATCHES; batch++) {
        for (sample = 0; sample < TAIL_BATCH; sample++) {
            learn_sample();
        }
        count("update", 0, update);
    }
    if (TAIL_SHOWN != 0) {
        show_learned();
    }
    return 0;
}
