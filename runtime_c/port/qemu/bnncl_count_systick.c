#include "bnncl_count.h"

#include <stdint.h>

/* Instructions per SysTick tick, as a fraction: 1 ns per instruction against the machine's clock. */
#ifndef BNNCL_COUNT_NUMERATOR
#define BNNCL_COUNT_NUMERATOR 40
#endif
#ifndef BNNCL_COUNT_DENOMINATOR
#define BNNCL_COUNT_DENOMINATOR 1
#endif

#define SYSTICK_CONTROL ((volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD ((volatile uint32_t *)0xE000E014u)
#define SYSTICK_CURRENT ((volatile uint32_t *)0xE000E018u)
#define SYSTICK_ENABLE 0x00000001u
#define SYSTICK_CORE_CLOCK 0x00000004u
#define SYSTICK_WRAPPED 0x00010000u
#define SYSTICK_MAX 0x00FFFFFFu

static uint32_t begun;

static inline uint32_t started(void)
{
    *SYSTICK_CONTROL = 0;
    *SYSTICK_RELOAD = SYSTICK_MAX;
    *SYSTICK_CURRENT = 0;
    *SYSTICK_CONTROL = SYSTICK_ENABLE | SYSTICK_CORE_CLOCK;
    /* The first tick loads the reload value; counting starts once it stands there. */
    while (*SYSTICK_CURRENT == 0) {
    }
    (void)*SYSTICK_CONTROL;
    return *SYSTICK_CURRENT;
}

static inline uint32_t stopped(uint32_t before)
{
    const uint32_t after = *SYSTICK_CURRENT;
    const uint32_t wrapped = *SYSTICK_CONTROL & SYSTICK_WRAPPED;
    *SYSTICK_CONTROL = 0;
    if (wrapped != 0) {
        return BNNCL_COUNT_OVERFLOW;
    }
    const uint64_t instructions = (uint64_t)(before - after) * BNNCL_COUNT_NUMERATOR;
    return (uint32_t)(instructions / BNNCL_COUNT_DENOMINATOR);
}

uint32_t bnncl_count_instructions(void (*body)(void *context), void *context)
{
    const uint32_t before = started();
    body(context);
    return stopped(before);
}

void bnncl_count_begin(void)
{
    begun = started();
}

uint32_t bnncl_count_end(void)
{
    return stopped(begun);
}
