/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_SIGN_TABLES_H
#define BNNCL_INTERNAL_SIGN_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tables of sums of some of n numbers v, n <= 8, by which of them: one load then does the work of n products of a
 * number with a sign. Entry b of 2**n is
 *     in a table of signed sums:  the sum of -v[i] where bit i of b is 1 and of v[i] where it is 0,
 *     in a table of parts:        the sum of v[i] where bit i of b is 1; the signed sum is that of all less twice it.
 *
 * All sums are taken modulo 2**32, in uint32_t: whatever is added in between, a sum is exact where it fits int32_t
 * at the end. */

enum { BNNCL_BYTE_TABLE = 256, BNNCL_NIBBLE_TABLE = 16, BNNCL_IN_WORD = 32 };

/* Makes the table with entry 0 `start` in which bit i adds `factor` * v[i]. Of the entries so far, those with all bits
 * from i on 0, those with bit i or i + 1 or both follow. */
static inline void bnncl_table(uint32_t *table, uint32_t start, const uint32_t *v, uint32_t n,
                               uint32_t factor)
{
    table[0] = start;
    if (n % 2u != 0) {
        table[1] = start + factor * v[0];
    }
    for (uint32_t i = n % 2u; i < n; i += 2) {
        const size_t size = (size_t)1 << i;
        const uint32_t first = factor * v[i];
        const uint32_t second = factor * v[i + 1u];
        for (size_t j = 0; j < size; j++) {
            const uint32_t entry = table[j];
            const uint32_t more = entry + first;
            table[size + j] = more;
            table[2 * size + j] = entry + second;
            table[3 * size + j] = more + second;
        }
    }
}

/* The table of the signed sums of `n` numbers. */
static inline void bnncl_sign_table(uint32_t *table, const uint32_t *v, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += v[i];
    }
    bnncl_table(table, sum, v, n, 0u - 2u);
}

/* Byte tables of the signed sums of `n` numbers, 1..32, eight each, one behind the other. */
static inline void bnncl_byte_tables(uint32_t *tables, const uint32_t *v, uint32_t n)
{
    for (; n > 8; n -= 8) {
        bnncl_sign_table(tables, v, 8);
        tables += BNNCL_BYTE_TABLE;
        v += 8;
    }
    bnncl_sign_table(tables, v, n);
}

/* The same of parts. */
static inline void bnncl_byte_tables_of_parts(uint32_t *tables, const uint32_t *v, uint32_t n)
{
    for (; n > 8; n -= 8) {
        bnncl_table(tables, 0, v, 8, 1);
        tables += BNNCL_BYTE_TABLE;
        v += 8;
    }
    bnncl_table(tables, 0, v, n, 1);
}

/* Nibble tables of the signed sums of `n` numbers, 1..32, four each, one behind the other. */
static inline void bnncl_nibble_tables(uint32_t *tables, const uint32_t *v, uint32_t n)
{
    for (; n > 4; n -= 4) {
        bnncl_sign_table(tables, v, 4);
        tables += BNNCL_NIBBLE_TABLE;
        v += 4;
    }
    bnncl_sign_table(tables, v, n);
}

/* What the lower `bytes` bytes of `word` choose. */
static inline uint32_t bnncl_chosen_by_bytes(const uint32_t *tables, uint32_t word, uint32_t bytes)
{
    uint32_t sum = tables[word & 0xFFu];
    for (uint32_t byte = 1; byte < bytes; byte++) {
        sum += tables[byte * BNNCL_BYTE_TABLE + ((word >> (8u * byte)) & 0xFFu)];
    }
    return sum;
}

/* What the lower `nibbles` nibbles of `word` choose. */
static inline uint32_t bnncl_chosen_by_nibbles(const uint32_t *tables, uint32_t word, uint32_t nibbles)
{
    uint32_t sum = tables[word & 0xFu];
    for (uint32_t nibble = 1; nibble < nibbles; nibble++) {
        sum += tables[nibble * BNNCL_NIBBLE_TABLE + ((word >> (4u * nibble)) & 0xFu)];
    }
    return sum;
}

/* Words to choose by: `count` of them, every `step`th. */
typedef struct {
    const uint32_t *first;
    size_t step;
    size_t count;
} bnncl_choices;

/* Adds to each sum the signed sum that the word of the same place chooses: what signed tables give, or, of tables of
 * parts, `all` less twice that. */
static inline void bnncl_add_chosen(uint32_t *sums, const bnncl_choices *by, const uint32_t *tables,
                                    uint32_t bytes, bool parts, uint32_t all)
{
    const uint32_t *word = by->first;
    const size_t step = by->step;
    const uint32_t *const end = sums + by->count;
    while (sums != end) {
        const uint32_t chosen = bnncl_chosen_by_bytes(tables, *word, bytes);
        *sums = parts ? *sums + all - (chosen << 1) : *sums + chosen;
        sums++;
        word += step;
    }
}

/* The same, by as many bytes as `numbers`, 1..32, take: one loop for each count of bytes. */
static inline void bnncl_add_choices(uint32_t *sums, const bnncl_choices *by, const uint32_t *tables,
                                     uint32_t numbers, bool parts, uint32_t all)
{
    if (numbers > 24) {
        bnncl_add_chosen(sums, by, tables, 4, parts, all);
    } else if (numbers > 16) {
        bnncl_add_chosen(sums, by, tables, 3, parts, all);
    } else if (numbers > 8) {
        bnncl_add_chosen(sums, by, tables, 2, parts, all);
    } else {
        bnncl_add_chosen(sums, by, tables, 1, parts, all);
    }
}

#endif
