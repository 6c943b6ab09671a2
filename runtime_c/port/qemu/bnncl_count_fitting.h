#ifndef BNNCL_COUNT_FITTING_H
#define BNNCL_COUNT_FITTING_H

#include "bnncl_count.h"

/* What bnncl_count_instructions returns where a counter of 64 bits says `instructions`. */
static inline uint32_t bnncl_count_fitting(uint64_t instructions)
{
    return instructions < BNNCL_COUNT_OVERFLOW ? (uint32_t)instructions : BNNCL_COUNT_OVERFLOW;
}

#endif
