/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROW_PART_H
#define BNNCL_INTERNAL_ROW_PART_H

#include "bnncl/internal/rows.h"

#include <stdint.h>

/* The entries of pixels `first`..`end` - 1 of a row, by its marks; returns how many activations are listed. In
 * projects of constant time marks mean something else: port/constant_time. */
static inline uint32_t bnncl_row_part(bnncl_rows_part *part, const uint32_t *marks, uint32_t first,
                                      uint32_t end, uint32_t channels)
{
    (void)channels;
    part->first = marks[first];
    part->count = marks[end] - part->first;
    return part->count;
}

#endif
