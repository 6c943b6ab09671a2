/* SPDX-License-Identifier: 0BSD */
/* The smallest firmware that infers: one context, one input, one result, no printing. `bnncl verify`
 * reads flash and RAM of the model from its ELF file. verify_case.h gives the model's functions. */
#include "verify_case.h"

CASE_DEFINE_CONTEXT(context);
static case_input input[CASE_INPUT_LEN];
static int16_t scores[CASE_CLASSES];

int main(void)
{
    if (CASE_INIT(&context, 1u) != BNNCL_OK) {
        return 1;
    }
    return CASE_INFER(&context, input, scores) == BNNCL_OK ? scores[0] & 1 : 2;
}
