/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_PAIR_TABLES_H
#define BNNCL_INTERNAL_PAIR_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Tables of parts as in sign_tables.h, of two rows of numbers at once: entry b of 256 holds, of each row, the sum of
 * the numbers i < 8 where bit i of b is 1. A byte that chooses is kept as the place of its entry, counted in bytes from
 * the first table. All sums are taken modulo 2**32.
 *
 * A core may have its own bnncl_pair_table and bnncl_add_pairs. */

enum { BNNCL_PAIR_ENTRIES = 256, BNNCL_OCTET = 8 };

typedef struct {
    uint32_t of[2];
} bnncl_two;

static inline bnncl_two bnncl_plus(bnncl_two a, bnncl_two b)
{
    a.of[0] += b.of[0];
    a.of[1] += b.of[1];
    return a;
}

static inline bnncl_two bnncl_less(bnncl_two a, bnncl_two b)
{
    a.of[0] -= b.of[0];
    a.of[1] -= b.of[1];
    return a;
}

/* The place of entry `byte` of table number `octet`. */
static inline uint16_t bnncl_place(uint32_t octet, uint32_t byte)
{
    return (uint16_t)((octet * BNNCL_PAIR_ENTRIES + byte) * sizeof(bnncl_two));
}

/* Makes the table [256] of v[8]. */
void bnncl_pair_table(bnncl_two *table, const bnncl_two *v);

/* What takes part in one choice. */
typedef struct {
    const bnncl_two *tables; /* [octets] */
    uint32_t octets;         /* 1..4 */
    bnncl_two all;           /* what is added where nothing is chosen */
} bnncl_pair_choice;

/* Adds to `count` sums of each row `all` less twice what the places [count][octets] choose. Both rows of sums may be
 * the same where all numbers of the second are 0. */
void bnncl_add_pairs(uint32_t *first, uint32_t *second, size_t count, const uint16_t *places,
                     const bnncl_pair_choice *choice);

#endif
