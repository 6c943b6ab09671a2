/* SPDX-License-Identifier: 0BSD */
/* The smallest firmware that infers and learns: nothing is printed, nothing saved. */
#include "model.h"

MODEL_DEFINE_CONTEXT(context);
static model_input input[MODEL_INPUT_LEN];
static int16_t scores[MODEL_MAX_CLASSES];

int main(void)
{
    bool done = false;
    bnncl_status status = model_init(&context, 1);
    status = status == BNNCL_OK ? model_learn_begin(&context) : status;
    status = status == BNNCL_OK ? model_learn_sample(&context, input, 1) : status;
    while (status == BNNCL_OK && !done) {
        status = model_learn_step(&context, 1000, &done);
    }
    status = status == BNNCL_OK ? model_learn_commit(&context) : model_learn_abort(&context);
    return status == BNNCL_OK ? (int)model_infer(&context, input, scores) : 1;
}
