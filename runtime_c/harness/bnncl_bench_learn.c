/* SPDX-License-Identifier: 0BSD */
/* Stands in for <name>_learn_step, by the linker's --wrap, in the program of bnncl_verify_train.c, and prints the
 * instructions of each call. For `bnncl bench`; never part of a firmware. bench_case.h gives the names. */
#include <stdio.h>

#include "bench_case.h"
#include "bnncl_count.h"

bnncl_status CASE_REAL(case_context *context, uint32_t budget, bool *done);
bnncl_status CASE_WRAPPED(case_context *context, uint32_t budget, bool *done);

bnncl_status CASE_WRAPPED(case_context *context, uint32_t budget, bool *done)
{
    bnncl_count_begin();
    const bnncl_status status = CASE_REAL(context, budget, done);
    const uint32_t counted = bnncl_count_end();
    printf("counted %lu\n", (unsigned long)counted);
    return status;
}
