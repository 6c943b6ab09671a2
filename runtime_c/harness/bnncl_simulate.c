/* SPDX-License-Identifier: 0BSD */
/* What `bnncl simulate` calls in a shared library made of a generated project: whole experiences and whole
 * test sets, so that no time is lost between calls. Never part of a firmware. simulate_case.h, made for each
 * build, names the model. All return a bnncl_status; the one context is the library's. */
#include "simulate_case.h"

bnncl_status bnncl_simulate_init(uint32_t seed);
bnncl_status bnncl_simulate_infer(const case_input *inputs, uint32_t count, int16_t *scores);
bnncl_status bnncl_simulate_learn(const case_input *inputs, const uint16_t *labels, uint32_t count);

CASE_DEFINE_CONTEXT(context);

/* Factory state. */
bnncl_status bnncl_simulate_init(uint32_t seed)
{
    return CASE_INIT(&context, seed);
}

/* Scores [count][CASE_CLASSES] of inputs [count][CASE_INPUT_LEN]. */
bnncl_status bnncl_simulate_infer(const case_input *inputs, uint32_t count, int16_t *scores)
{
    bnncl_status status = BNNCL_OK;
    for (size_t at = 0; at < count && status == BNNCL_OK; at++) {
        status = CASE_INFER(&context, inputs + at * CASE_INPUT_LEN, scores + at * CASE_CLASSES);
    }
    return status;
}

/* One experience from begin to commit: inputs [count][CASE_INPUT_LEN], labels [count]. */
bnncl_status bnncl_simulate_learn(const case_input *inputs, const uint16_t *labels, uint32_t count)
{
    bool done = false;
    bnncl_status status = CASE_BEGIN(&context);
    for (size_t at = 0; at < count && status == BNNCL_OK; at++) {
        status = CASE_SAMPLE(&context, inputs + at * CASE_INPUT_LEN, labels[at]);
    }
    while (status == BNNCL_OK && !done) {
        status = CASE_STEP(&context, UINT32_MAX, &done);
    }
    return status == BNNCL_OK ? CASE_COMMIT(&context) : status;
}
