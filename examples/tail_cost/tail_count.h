/* SPDX-License-Identifier: 0BSD */
#ifndef TAIL_COUNT_H
#define TAIL_COUNT_H

#include "bnncl_count.h"
#include "tail_case.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    TAIL_TAPS = 9,
    TAIL_SIDE = TAIL_SIZE + 2 * TAIL_BORDER,
    TAIL_NUMBERS = TAIL_SIZE * TAIL_SIZE * TAIL_CHANNELS,
    TAIL_FILTER = TAIL_CHANNELS * TAIL_TAPS * TAIL_CHANNELS
};

/* One more number of a result. */
static inline uint32_t tail_digest(uint32_t digest, int32_t number)
{
    return digest * 31u + (uint32_t)number;
}

/* Says what a pass took and what it made. */
static inline void tail_say(const char *what, uint32_t instructions, uint32_t digest)
{
    printf("%s %lu %lu\n", what, (unsigned long)instructions, (unsigned long)digest);
}

#endif
