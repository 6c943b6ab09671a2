#include "bnncl_count.h"
#include "bnncl_count_fitting.h"

#include <stdint.h>

static uint64_t begun;

static uint32_t retired_low(void)
{
    uint32_t value;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, minstret\n\t.option pop"
                     : "=r"(value));
    return value;
}

static uint32_t retired_high(void)
{
    uint32_t value;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, minstreth\n\t.option pop"
                     : "=r"(value));
    return value;
}

static uint64_t retired(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = retired_high();
        low = retired_low();
    } while (retired_high() != high);
    return ((uint64_t)high << 32) | low;
}

uint32_t bnncl_count_instructions(void (*body)(void *context), void *context)
{
    const uint64_t before = retired();
    body(context);
    return bnncl_count_fitting(retired() - before);
}

void bnncl_count_begin(void)
{
    begun = retired();
}

uint32_t bnncl_count_end(void)
{
    return bnncl_count_fitting(retired() - begun);
}
