/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_PAIRS_H
#define BNNCL_INTERNAL_PAIRS_H

#include "bnncl/internal/pair_tables.h"

#include <stddef.h>
#include <stdint.h>

/* bnncl_pair_table and bnncl_add_pairs in portable C. */

/* Puts four entries at `table` and adds a step to each. */
static inline bnncl_two *bnncl_put_four(bnncl_two *table, bnncl_two *four, bnncl_two step)
{
    for (uint32_t i = 0; i < 4; i++) {
        table[i] = four[i];
        four[i] = bnncl_plus(four[i], step);
    }
    return table + 4;
}

/* Four entries at a time go from their place to the next, by the lowest bit from bit 2 on that is 0 there: it becomes
 * 1, all below become 0. */
static inline void bnncl_make_pair_table(bnncl_two *table, const bnncl_two *v)
{
    static const uint8_t lowest[16] = {1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1, 5};
    bnncl_two steps[6];
    bnncl_two four[4] = {{{0, 0}}, v[0], v[1], bnncl_plus(v[0], v[1])};
    bnncl_two below = {{0, 0}};
    for (uint32_t i = 0; i < 6; i++) {
        steps[i] = bnncl_less(v[i + 2u], below);
        below = bnncl_plus(below, v[i + 2u]);
    }
    for (uint32_t i = 0; i < 32; i++) {
        table = bnncl_put_four(table, four, steps[0]);
        table = bnncl_put_four(table, four, steps[lowest[i % 16u]]);
    }
}

/* The entry at a place. */
static inline const bnncl_two *bnncl_entry(const bnncl_two *tables, uint32_t place)
{
    return (const bnncl_two *)(const void *)((const uint8_t *)tables + place);
}

/* One loop for each count of tables. */
static inline void bnncl_add_by(uint32_t *first, uint32_t *second, size_t count, const uint16_t *places,
                                const bnncl_two *tables, uint32_t octets, bnncl_two all)
{
    const uint16_t *const end = places + count * octets;
    while (places != end) {
        bnncl_two chosen = *bnncl_entry(tables, places[0]);
        for (uint32_t i = 1; i < octets; i++) {
            chosen = bnncl_plus(chosen, *bnncl_entry(tables, places[i]));
        }
        *first = *first + all.of[0] - (chosen.of[0] << 1);
        *second = *second + all.of[1] - (chosen.of[1] << 1);
        first++;
        second++;
        places += octets;
    }
}

static inline void bnncl_add_chosen_pairs(uint32_t *first, uint32_t *second, size_t count,
                                          const uint16_t *places, const bnncl_pair_choice *choice)
{
    if (choice->octets == 4) {
        bnncl_add_by(first, second, count, places, choice->tables, 4, choice->all);
    } else if (choice->octets == 3) {
        bnncl_add_by(first, second, count, places, choice->tables, 3, choice->all);
    } else if (choice->octets == 2) {
        bnncl_add_by(first, second, count, places, choice->tables, 2, choice->all);
    } else {
        bnncl_add_by(first, second, count, places, choice->tables, 1, choice->all);
    }
}

#endif
