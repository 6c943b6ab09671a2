/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_rows.h"

/* Two groups at once, which share entries and loops: portable C, worth it where the planes, pending carries
 * and rows of both and what a loop needs fit the registers. */

/* Words of two groups. */
typedef struct {
    uint32_t one;
    uint32_t other;
} bnncl_two;

/* Planes 0..3 of two groups. */
typedef struct {
    bnncl_low_planes one;
    bnncl_low_planes other;
    uintptr_t apart; /* from the rows of one to those of the other */
} bnncl_two_planes;

static inline bnncl_two bnncl_two_blocks(bnncl_two_planes *low, uintptr_t base, const uint32_t *entries)
{
    bnncl_two carry;
    carry.one = bnncl_add_block(&low->one, base, entries);
    carry.other = bnncl_add_block(&low->other, base + low->apart, entries);
    return carry;
}

static inline bnncl_two bnncl_two_few(bnncl_two_planes *low, uintptr_t base, const uint32_t *entries,
                                      uint32_t count)
{
    bnncl_two carry;
    carry.one = bnncl_add_few(&low->one, base, entries, count);
    carry.other = bnncl_add_few(&low->other, base + low->apart, entries, count);
    return carry;
}

static inline bnncl_two bnncl_two_fours(bnncl_two_planes *low, bnncl_two x, bnncl_two y)
{
    const bnncl_two carry = {bnncl_full_add(&low->one.fours, x.one, y.one),
                             bnncl_full_add(&low->other.fours, x.other, y.other)};
    return carry;
}

/* bnncl_add_part for two groups; the other's carries are written `more` words behind the one's. */
static inline uint32_t *bnncl_two_parts(bnncl_two_planes *low, uintptr_t rows, const uint32_t *entries,
                                        const bnncl_rows_part *part, uint32_t *carry, size_t more)
{
    const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
    const uint32_t few = part->count % 4u;
    uint32_t *const end = carry + (part->count + 15u) / 16u;
    bnncl_two first = {0, 0};
    bnncl_two second = {0, 0};
    bnncl_two eight = {0, 0};
    uint32_t begin = (part->count + 15u) / 4u % 4u;
    entries += part->first;
    if (few != 0) {
        first = bnncl_two_few(low, base, entries, few);
        entries += few;
        begin += 4;
    }
    switch (begin) {
        do {
        default:
            first = bnncl_two_blocks(low, base, entries);
            entries += 4;
            /* fall through */
        case 2:
        case 7:
            second = bnncl_two_blocks(low, base, entries);
            entries += 4;
            /* fall through */
        case 6:
            eight = bnncl_two_fours(low, first, second);
            /* fall through */
        case 1:
            first = bnncl_two_blocks(low, base, entries);
            entries += 4;
            /* fall through */
        case 0:
        case 5:
            second = bnncl_two_blocks(low, base, entries);
            entries += 4;
            /* fall through */
        case 4:
            second = bnncl_two_fours(low, first, second);
            carry[more] = bnncl_full_add(&low->other.eights, eight.other, second.other);
            *carry++ = bnncl_full_add(&low->one.eights, eight.one, second.one);
        } while (carry < end);
    }
    return carry;
}

void bnncl_add_rows(const bnncl_rows_work *work)
{
    const uint32_t *start = work->start;
    uint32_t *const more = work->carries + work->carry_words;
    uintptr_t rows = (uintptr_t)work->rows;
    uint32_t group = 0;
    for (; group + 1 < work->groups; group += 2) {
        const bnncl_low_planes low = {start[0], start[1], start[2], start[3]};
        bnncl_two_planes two = {low, low, work->group_bytes};
        uint32_t *carry = work->carries;
        for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
            carry = bnncl_two_parts(&two, rows, work->entries, part, carry, work->carry_words);
        }
        const size_t words = (size_t)(carry - work->carries);
        bnncl_finish_group(work, group, &two.one, work->carries, words);
        bnncl_finish_group(work, group + 1, &two.other, more, words);
        rows += 2 * (uintptr_t)work->group_bytes;
    }
    bnncl_add_groups(work, group);
}
