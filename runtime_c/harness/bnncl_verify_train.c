/* SPDX-License-Identifier: 0BSD */
/* Drives a generated project through a list of calls of learning and prints, after each, its status and the
 * CRC-32 of the canonical state. For `bnncl verify --train`; never part of a firmware.
 *
 * train_case.h, made for each run, gives the model's functions, the samples and the calls. */
#include <stdio.h>

#include "bnncl/learn.h"
#include "train_case.h"

CASE_DEFINE_CONTEXT(context);

static uint32_t crc;

typedef void case_put(void *unused, const uint8_t *bytes, uint32_t count);

static void add(void *unused, const uint8_t *bytes, uint32_t count)
{
    (void)unused;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
}

/* Whether gradients are part of the canonical state. */
static bool in_minibatch(uint32_t phase)
{
    return phase == BNNCL_LEARN_FORWARD || phase == BNNCL_LEARN_UPDATE;
}

/* An array that a tail learns, little-endian. */
static void put_array(const case_array *array, case_put *put)
{
    const uint8_t *at = (const uint8_t *)context.memory.at + array->offset;
    for (uint32_t i = 0; i < array->count; i++) {
        uint32_t value = 0;
        if (array->width == 1) {
            value = *at;
        } else if (array->width == 2) {
            value = *(const uint16_t *)(const void *)at;
        } else {
            value = *(const uint32_t *)(const void *)at;
        }
        at += array->width;
        const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                                  (uint8_t)(value >> 24)};
        put(NULL, bytes, array->width);
    }
}

static void put_arrays(int kind, case_put *put)
{
    for (int i = 0; i < CASE_ARRAYS; i++) {
        if (case_arrays[i].kind == kind) {
            put_array(&case_arrays[i], put);
        }
    }
}

/* All canonical state: the head's, what a tail has trained and kept, and its gradients while there are some. */
static void put_state(case_put *put)
{
    const bnncl_head head = CASE_HEAD(&context);
    bnncl_learn_canonical(&CASE_CONFIG, &head, put, NULL);
    put_arrays(CASE_LASTING, put);
    if (in_minibatch(head.state->phase)) {
        put_arrays(CASE_GRADIENT, put);
    }
}

/* CRC-32s of all canonical state and of what follows from it, and now and then the scores of a sample. */
static void print_state(long call, bnncl_status status, int done)
{
    crc = 0xFFFFFFFFu;
    put_state(add);
    printf("call %ld %d %d %08lx", call, (int)status, done, (unsigned long)(crc ^ 0xFFFFFFFFu));
    crc = 0xFFFFFFFFu;
    put_arrays(CASE_CACHE, add);
    printf(" %08lx", (unsigned long)(crc ^ 0xFFFFFFFFu));
    if (call % CASE_INFER_EVERY == 0) {
        int16_t scores[CASE_CLASSES];
        const bnncl_status inferred = CASE_INFER(&context, case_inputs[call % CASE_SAMPLES], scores);
        for (int i = 0; i < CASE_CLASSES; i++) {
            printf(" %d", inferred == BNNCL_OK ? (int)scores[i] : 0);
        }
    }
    printf("\n");
}

static void dump(void *unused, const uint8_t *bytes, uint32_t count)
{
    (void)unused;
    for (uint32_t i = 0; i < count; i++) {
        printf("%02x", (unsigned)bytes[i]);
    }
}

static bnncl_status do_call(const case_call *call, bool *done)
{
    switch (call->what) {
    case CASE_BEGIN:
        return CASE_LEARN_BEGIN(&context);
    case CASE_SAMPLE:
        return CASE_LEARN_SAMPLE(&context, case_inputs[call->number], call->label);
    case CASE_STEP:
        return CASE_LEARN_STEP(&context, call->number, done);
    case CASE_COMMIT:
        return CASE_LEARN_COMMIT(&context);
    default:
        return CASE_LEARN_ABORT(&context);
    }
}

int main(void)
{
    if (CASE_INIT(&context, CASE_SEED) != BNNCL_OK) {
        printf("error init\n");
        return 1;
    }
    for (long call = 0; call < CASE_CALLS; call++) {
        bool done = false;
        const bnncl_status status = do_call(&case_calls[call], &done);
        if (CASE_DUMP_CALL < 0) {
            print_state(call, status, done ? 1 : 0);
        } else if (call == CASE_DUMP_CALL) {
            printf("dump ");
            put_state(dump);
            printf("\ncaches ");
            put_arrays(CASE_CACHE, dump);
            printf("\n");
            break;
        }
    }
    printf("done\n");
    return 0;
}
