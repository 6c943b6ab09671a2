/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of one op of a generated project, sample by sample, and prints them with a CRC-32 of
 * the op's output. For `bnncl bench`; never part of a firmware. bench_case.h, made for each run, gives the
 * model, the samples, the op (CASE_OP) and the op before it that calls a kernel (CASE_BEFORE, or the op itself). */
#include <stdio.h>

#include "bench_case.h"
#include "bnncl/crc32.h"
#include "bnncl/trace.h"
#include "bnncl_count.h"

CASE_DEFINE_CONTEXT(context);
static uint32_t counted;
static uint32_t digest;

void bnncl_trace(uint32_t op, const void *data, size_t bytes)
{
    if (op == (uint32_t)CASE_OP) {
        counted = bnncl_count_end();
        digest = bnncl_store_crc32(0, data, bytes);
    } else if (op == (uint32_t)CASE_BEFORE) {
        bnncl_count_begin();
    }
}

int main(void)
{
    int16_t scores[CASE_CLASSES];
    if (CASE_INIT(&context, 1u) != BNNCL_OK) {
        printf("error init\n");
        return 1;
    }
    for (long sample = 0; sample < CASE_SAMPLES; sample++) {
        bnncl_count_begin();
        if (CASE_INFER(&context, case_inputs[sample], scores) != BNNCL_OK) {
            printf("error infer %ld\n", sample);
            return 1;
        }
        printf("layer %lu %08lx\n", (unsigned long)counted, (unsigned long)digest);
    }
    printf("done\n");
    return 0;
}
