/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROW_PART_H
#define BNNCL_INTERNAL_ROW_PART_H

#include "bnncl/internal/rows.h"

#include <stdint.h>

/* The entries of pixels `first`..`end` - 1 of a row, of which every pixel has `channels`; returns how many of them
 * are activations of -1. Marks are the number of the row's first entry and, on top of it, of the activations of -1
 * before each pixel. */
static inline uint32_t bnncl_row_part(bnncl_rows_part *part, const uint32_t *marks, uint32_t first,
                                      uint32_t end, uint32_t channels)
{
    part->first = marks[0] + first * channels;
    part->count = (end - first) * channels;
    return marks[end] - marks[first];
}

#endif
