#include "bnncl_count.h"
#include "bnncl_count_fitting.h"

#include <stdint.h>

/* Cycles of the performance monitor, which QEMU counts at 1 GHz: one for each instruction of 1 ns. */

#define PMCR_ENABLE UINT64_C(0x01)
#define PMCR_64_BITS UINT64_C(0x40)
#define PMCNTEN_CYCLES UINT64_C(0x80000000)

static uint64_t begun;

static void start(void)
{
    __asm__ volatile("msr pmccfiltr_el0, xzr\n\t"
                     "msr pmcntenset_el0, %0\n\t"
                     "msr pmcr_el0, %1\n\t"
                     "isb"
                     :
                     : "r"(PMCNTEN_CYCLES), "r"(PMCR_ENABLE | PMCR_64_BITS));
}

static uint64_t retired(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value) : : "memory");
    return value;
}

uint32_t bnncl_count_instructions(void (*body)(void *context), void *context)
{
    start();
    const uint64_t before = retired();
    body(context);
    return bnncl_count_fitting(retired() - before);
}

void bnncl_count_begin(void)
{
    start();
    begun = retired();
}

uint32_t bnncl_count_end(void)
{
    return bnncl_count_fitting(retired() - begun);
}
