/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of one inference of a generated project, sample by sample. For
 * `bnncl verify`; never part of a firmware. verify_case.h, made for each run, gives model and samples. */
#include <stdio.h>

#include "bnncl_count.h"
#include "verify_case.h"

CASE_DEFINE_CONTEXT(context);
static int16_t scores[CASE_CLASSES];

static void infer_once(void *sample)
{
    (void)CASE_INFER(&context, (const case_input *)sample, scores);
}

int main(void)
{
    if (CASE_INIT(&context, 1u) != BNNCL_OK) {
        return 1;
    }
    for (long sample = 0; sample < CASE_SAMPLES; sample++) {
        static case_input input[CASE_INPUT_LEN];
        for (size_t i = 0; i < CASE_INPUT_LEN; i++) {
            input[i] = case_inputs[sample][i];
        }
        printf("instructions %lu\n", (unsigned long)bnncl_count_instructions(infer_once, input));
    }
    return 0;
}
