/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

void bnncl_add_pairs(uint32_t *first, uint32_t *second, size_t count, const uint16_t *places,
                     const bnncl_pair_choice *choice)
{
    bnncl_add_chosen_pairs(first, second, count, places, choice);
}
