/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ADD_ROWS_H
#define BNNCL_INTERNAL_ADD_ROWS_H

#include "bnncl/internal/planes.h"
#include "bnncl/internal/rows.h"

#include <stddef.h>
#include <stdint.h>

/* bnncl_add_rows in portable C. */

/* The row of weights that stands `entry` bytes from `base`. */
static inline uint32_t bnncl_row_at(uintptr_t base, uint32_t entry)
{
    return *(const uint32_t *)(base + entry);
}

/* Adds four rows into planes 0 and 1 and returns the carries, of weight 4. */
static inline uint32_t bnncl_add_block(uint32_t *low, uintptr_t base, const uint32_t *entries)
{
    const uint32_t first =
        bnncl_full_add(&low[0], bnncl_row_at(base, entries[0]), bnncl_row_at(base, entries[1]));
    const uint32_t second =
        bnncl_full_add(&low[0], bnncl_row_at(base, entries[2]), bnncl_row_at(base, entries[3]));
    return bnncl_full_add(&low[1], first, second);
}

/* The same for `count` rows, 1..3. */
static inline uint32_t bnncl_add_few(uint32_t *low, uintptr_t base, const uint32_t *entries, uint32_t count)
{
    const uint32_t second = count > 1 ? bnncl_row_at(base, entries[1]) : 0u;
    const uint32_t third = count > 2 ? bnncl_row_at(base, entries[2]) : 0u;
    const uint32_t carry = bnncl_full_add(&low[0], bnncl_row_at(base, entries[0]), second);
    const uint32_t more = low[0] & third;
    low[0] ^= third;
    return bnncl_full_add(&low[1], carry, more);
}

/* Adds four words of weight 4 into planes 2 and 3 and returns the carries, of weight 16. */
static inline uint32_t bnncl_add_fours(uint32_t *low, const uint32_t fours[4])
{
    const uint32_t first = bnncl_full_add(&low[2], fours[0], fours[1]);
    return bnncl_full_add(&low[3], first, bnncl_full_add(&low[2], fours[2], fours[3]));
}

/* Adds the rows of one part into planes 0..3. Writes the carries, words of weight 16, and returns the end of
 * them. What is no multiple of 16 comes first. */
static inline uint32_t *bnncl_add_part(uint32_t *low, uintptr_t rows, const uint32_t *entries,
                                       const bnncl_rows_part *part, uint32_t *carry)
{
    const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
    const uint32_t few = part->count % 4u;
    uint32_t fours[4] = {0, 0, 0, 0};
    entries += part->first;
    if (part->count % 16u != 0) {
        if (few != 0) {
            fours[0] = bnncl_add_few(low, base, entries, few);
            entries += few;
        }
        if (part->count & 4u) {
            fours[1] = bnncl_add_block(low, base, entries);
            entries += 4;
        }
        if (part->count & 8u) {
            fours[2] = bnncl_add_block(low, base, entries);
            fours[3] = bnncl_add_block(low, base, entries + 4);
            entries += 8;
        }
        *carry++ = bnncl_add_fours(low, fours);
    }
    for (uint32_t left = part->count / 16u; left > 0; left--) {
        for (uint32_t i = 0; i < 4; i++) {
            fours[i] = bnncl_add_block(low, base, entries);
            entries += 4;
        }
        *carry++ = bnncl_add_fours(low, fours);
    }
    return carry;
}

/* Counts the rows of one group. */
static inline void bnncl_add_group(const bnncl_rows_work *work, uintptr_t rows, uint32_t *planes)
{
    const uint32_t count = 4 + 2 * work->pairs;
    uint32_t low[4] = {work->start[0], work->start[1], work->start[2], work->start[3]};
    uint32_t *carry = work->carries;
    for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
        carry = bnncl_add_part(low, rows, work->entries, part, carry);
    }
    for (uint32_t k = 0; k < count; k++) {
        planes[k] = k < 4 ? low[k] : work->start[k];
    }
    bnncl_add_carries(planes + 4, 2 * work->pairs, work->carries, (size_t)(carry - work->carries));
}

/* All groups. */
static inline void bnncl_add_groups(const bnncl_rows_work *work)
{
    const uint32_t count = 4 + 2 * work->pairs;
    const uint32_t *limits = work->limits;
    uintptr_t rows = (uintptr_t)work->rows;
    uint32_t *planes = work->planes;
    for (uint32_t group = 0; group < work->groups; group++) {
        bnncl_add_group(work, rows, planes);
        if (limits != NULL) {
            work->below[group] = bnncl_below(planes, limits, count);
            limits += count;
        }
        rows += work->group_bytes;
        planes += work->plane_bytes / 4u;
    }
}

#endif
