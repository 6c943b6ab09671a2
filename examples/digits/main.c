/* SPDX-License-Identifier: 0BSD */
/* A firmware that goes on learning. At its first start it learns the lessons of samples.h, one class after
 * the other, and saves after each; at every later start it takes up what it saved. After each lesson it says
 * how many test images of each class it gets right.
 *
 * `make demo` runs it on an emulated core whose flash is a file of the host. A board has a storage port of its
 * own in place of that file, and calls model_learn_step directly: counting needs the emulator. */
#include <stdio.h>

#include "bnncl_count.h"
#include "bnncl_storage_file.h"
#include "model.h"
#include "samples.h"

#define BLOCK_BYTES 4096u
#define GRANULE_BYTES 8u
#define SLOT_BYTES (BLOCK_BYTES * ((MODEL_SAVED_BYTES + BLOCK_BYTES - 1u) / BLOCK_BYTES))

MODEL_DEFINE_CONTEXT(context);

typedef struct {
    bnncl_status status;
    bool done;
} progress;

static int top_class(const int16_t scores[MODEL_MAX_CLASSES])
{
    int top = 0;
    for (int c = 1; c < MODEL_MAX_CLASSES; c++) {
        top = scores[c] > scores[top] ? c : top;
    }
    return top;
}

static void examine(const char *when)
{
    unsigned right[MODEL_MAX_CLASSES] = {0};
    for (size_t i = 0; i < TEST_IMAGES; i++) {
        int16_t scores[MODEL_MAX_CLASSES];
        if (model_infer(&context, test_images[i], scores) == BNNCL_OK &&
            top_class(scores) == test_labels[i]) {
            right[test_labels[i]]++;
        }
    }
    printf("right %s", when);
    for (int c = 0; c < MODEL_MAX_CLASSES; c++) {
        printf(" %u", right[c]);
    }
    printf("\n");
}

/* One minibatch. */
static void step(void *made)
{
    progress *const at = made;
    at->status = model_learn_step(&context, MODEL_STEP_UNITS, &at->done);
}

static bnncl_status learn(const lesson *given)
{
    progress at = {model_learn_begin(&context), false};
    for (size_t i = 0; i < given->count && at.status == BNNCL_OK; i++) {
        at.status = model_learn_sample(&context, given->images[i], given->label);
    }
    while (at.status == BNNCL_OK && !at.done) {
        printf("step %lu\n", (unsigned long)bnncl_count_instructions(step, &at));
    }
    return at.status == BNNCL_OK ? model_learn_commit(&context) : at.status;
}

static bnncl_status learn_all(const bnncl_storage *flash)
{
    bnncl_status status = BNNCL_OK;
    examine("factory");
    for (size_t i = 0; i < LESSONS && status == BNNCL_OK; i++) {
        char when[16];
        status = learn(&lessons[i]);
        if (status == BNNCL_OK) {
            status = model_save(&context, flash);
        }
        (void)snprintf(when, sizeof when, "%u", (unsigned)lessons[i].label);
        examine(when);
    }
    return status;
}

int main(void)
{
    bnncl_storage_file region;
    bnncl_status status =
        bnncl_storage_file_open(&region, "flash.bin", 2u * SLOT_BYTES, BLOCK_BYTES, GRANULE_BYTES);
    if (status == BNNCL_OK) {
        status = model_init(&context, SEED);
    }
    if (status == BNNCL_OK) {
        const bnncl_storage flash = bnncl_storage_file_port(&region);
        status = model_load(&context, &flash);
        if (status == BNNCL_OK) {
            examine("reloaded");
        } else if (status == BNNCL_NO_STATE) {
            status = learn_all(&flash);
        }
        (void)bnncl_storage_file_close(&region);
    }
    printf("status %d\n", (int)status);
    return status == BNNCL_OK ? 0 : 1;
}
