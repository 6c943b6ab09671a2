/* SPDX-License-Identifier: 0BSD */
#include "bnncl/roots.h"

#include <stddef.h>

/* The quotient needs more than 32 bits from past >= current * 2**16 on. */
uint32_t bnncl_learn_weight_of_past(uint32_t past, uint32_t current)
{
    if (past >> 16 >= current) {
        return 0xFFFFu;
    }
    return bnncl_isqrt((uint32_t)bnncl_learn_divide((uint64_t)past << 16, current, NULL));
}
