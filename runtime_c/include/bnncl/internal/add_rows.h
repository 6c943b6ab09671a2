/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ADD_ROWS_H
#define BNNCL_INTERNAL_ADD_ROWS_H

#include "bnncl/internal/planes.h"
#include "bnncl/internal/rows.h"

#include <stddef.h>
#include <stdint.h>

/* bnncl_add_rows in portable C. */

/* Planes 0..3. */
typedef struct {
    uint32_t ones;
    uint32_t twos;
    uint32_t fours;
    uint32_t eights;
} bnncl_low_planes;

/* Plane k of counters that are all `value`. */
static inline uint32_t bnncl_plane_of(uint32_t value, size_t k)
{
    return 0u - ((value >> k) & 1u);
}

/* The row of weights that stands `entry` bytes from `base`. */
static inline uint32_t bnncl_row_at(uintptr_t base, uint32_t entry)
{
    return *(const uint32_t *)(base + entry);
}

/* Adds four rows into planes 0 and 1 and returns the carries, of weight 4. */
static inline uint32_t bnncl_add_block(bnncl_low_planes *low, uintptr_t base, const uint32_t *entries)
{
    const uint32_t first =
        bnncl_full_add(&low->ones, bnncl_row_at(base, entries[0]), bnncl_row_at(base, entries[1]));
    const uint32_t second =
        bnncl_full_add(&low->ones, bnncl_row_at(base, entries[2]), bnncl_row_at(base, entries[3]));
    return bnncl_full_add(&low->twos, first, second);
}

/* The same for `count` rows, 1..3. */
static inline uint32_t bnncl_add_few(bnncl_low_planes *low, uintptr_t base, const uint32_t *entries,
                                     uint32_t count)
{
    const uint32_t second = count > 1 ? bnncl_row_at(base, entries[1]) : 0u;
    const uint32_t third = count > 2 ? bnncl_row_at(base, entries[2]) : 0u;
    const uint32_t carry = bnncl_full_add(&low->ones, bnncl_row_at(base, entries[0]), second);
    const uint32_t more = low->ones & third;
    low->ones ^= third;
    return bnncl_full_add(&low->twos, carry, more);
}

/* Adds the rows of one part into planes 0..3. Writes the carries, words of weight 16, and returns the end of
 * them. What is no multiple of 16 comes first, by a jump into the loop over blocks of 16 with zeros for what
 * is missing. */
static inline uint32_t *bnncl_add_part(bnncl_low_planes *low, uintptr_t rows, const uint32_t *entries,
                                       const bnncl_rows_part *part, uint32_t *carry)
{
    const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
    const uint32_t few = part->count % 4u;
    uint32_t left = (part->count + 15u) / 16u;
    uint32_t first = 0;
    uint32_t second = 0; /* cppcheck-suppress variableScope */
    uint32_t eight = 0;  /* cppcheck-suppress variableScope */
    uint32_t begin = (part->count + 15u) / 4u % 4u;
    entries += part->first;
    if (few != 0) {
        first = bnncl_add_few(low, base, entries, few);
        entries += few;
        begin += 4;
    }
    switch (begin) {
        do {
        default:
            first = bnncl_add_block(low, base, entries);
            entries += 4;
            /* fall through */
        case 2:
        case 7:
            second = bnncl_add_block(low, base, entries);
            entries += 4;
            /* fall through */
        case 6:
            eight = bnncl_full_add(&low->fours, first, second);
            /* fall through */
        case 1:
            first = bnncl_add_block(low, base, entries);
            entries += 4;
            /* fall through */
        case 0:
        case 5:
            second = bnncl_add_block(low, base, entries);
            entries += 4;
            /* fall through */
        case 4:
            second = bnncl_full_add(&low->fours, first, second);
            *carry++ = bnncl_full_add(&low->eights, eight, second);
            left--;
        } while (left > 0);
    }
    return carry;
}

/* Adds `left` words of weight 1 into a plane of weight 1 and one of weight 2: each four, or what is left of
 * four, leave one word of weight 4. Returns how many these are; they take the places of the first. */
static inline size_t bnncl_add_words(uint32_t *even, uint32_t *odd, uint32_t *words, size_t left)
{
    uint32_t *to = words;
    const uint32_t *from = words;
    const uint32_t *const fours = words + left / 4 * 4;
    left %= 4;
    for (; from < fours; from += 4) {
        const uint32_t first = bnncl_full_add(even, from[0], from[1]);
        const uint32_t second = bnncl_full_add(even, from[2], from[3]);
        *to++ = bnncl_full_add(odd, first, second);
    }
    if (left > 0) {
        uint32_t carry = *even & from[0];
        uint32_t more = 0;
        *even ^= from[0];
        if (left > 1) {
            more = *even & from[1];
            *even ^= from[1];
            carry |= more;
            more = left > 2 ? *even & from[2] : 0u;
            *even ^= left > 2 ? from[2] : 0u;
        }
        *to++ = bnncl_full_add(odd, carry, more);
    }
    return (size_t)(to - words);
}

/* Completes the planes of group `group`, of which `low` are the first, with `left` carries, and compares;
 * without limits with themselves. */
static inline void bnncl_finish_group(const bnncl_rows_work *work, uint32_t group,
                                      const bnncl_low_planes *low, uint32_t *carries, size_t left)
{
    const size_t count = 4 + 2 * (size_t)work->pairs;
    uint32_t *const planes = work->planes + (size_t)group * work->plane_bytes / 4u;
    const uint32_t *limits = work->limits == NULL ? planes : work->limits + group * count;
    planes[0] = low->ones;
    planes[1] = low->twos;
    planes[2] = low->fours;
    planes[3] = low->eights;
    uint32_t below = limits[0] & ~low->ones;
    below = bnncl_still_below(below, low->twos, limits[1]);
    below = bnncl_still_below(below, low->fours, limits[2]);
    below = bnncl_still_below(below, low->eights, limits[3]);
    for (size_t k = 4; k < count; k += 2) {
        uint32_t even = bnncl_plane_of(work->start, k);
        uint32_t odd = bnncl_plane_of(work->start, k + 1);
        left = bnncl_add_words(&even, &odd, carries, left);
        planes[k] = even;
        planes[k + 1] = odd;
        below = bnncl_still_below(below, even, limits[k]);
        below = bnncl_still_below(below, odd, limits[k + 1]);
    }
    if (work->limits != NULL) {
        work->below[group] = below;
    }
}

/* Counts the rows of the groups from `group` on. */
static inline void bnncl_add_groups(const bnncl_rows_work *work, uint32_t group)
{
    uintptr_t rows = (uintptr_t)work->rows + (uintptr_t)group * work->group_bytes;
    for (; group < work->groups; group++) {
        bnncl_low_planes low = {bnncl_plane_of(work->start, 0), bnncl_plane_of(work->start, 1),
                                bnncl_plane_of(work->start, 2), bnncl_plane_of(work->start, 3)};
        uint32_t *carry = work->carries;
        for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
            carry = bnncl_add_part(&low, rows, work->entries, part, carry);
        }
        bnncl_finish_group(work, group, &low, work->carries, (size_t)(carry - work->carries));
        rows += work->group_bytes;
    }
}

#endif
