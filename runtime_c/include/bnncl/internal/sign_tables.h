/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_SIGN_TABLES_H
#define BNNCL_INTERNAL_SIGN_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Tables of signed sums: of n numbers v, n <= 8, entry b of 2**n is the sum of -v[i] where bit i of b is 1 and of
 * v[i] where it is 0. One load then does the work of n products of a number with a sign.
 *
 * All sums are taken modulo 2**32, in uint32_t: whatever is added in between, a sum is exact where it fits int32_t
 * at the end. */

enum { BNNCL_BYTE_TABLE = 256, BNNCL_NIBBLE_TABLE = 16 };

/* Makes the table of `n` numbers, 1..8. Of the entries so far, all bits from i on 0, those with bit i or i + 1 or both
 * follow, twice the number less. */
static inline void bnncl_sign_table(uint32_t *table, const uint32_t *v, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += v[i];
    }
    table[0] = sum;
    if (n % 2u != 0) {
        table[1] = sum - 2u * v[0];
    }
    for (uint32_t i = n % 2u; i < n; i += 2) {
        const size_t size = (size_t)1 << i;
        const uint32_t first = 2u * v[i];
        const uint32_t second = 2u * v[i + 1u];
        for (size_t j = 0; j < size; j++) {
            const uint32_t entry = table[j];
            const uint32_t less = entry - first;
            table[size + j] = less;
            table[2 * size + j] = entry - second;
            table[3 * size + j] = less - second;
        }
    }
}

/* Byte tables of `n` numbers, 1..32, eight each, one behind the other. */
static inline void bnncl_byte_tables(uint32_t *tables, const uint32_t *v, uint32_t n)
{
    for (; n > 8; n -= 8) {
        bnncl_sign_table(tables, v, 8);
        tables += BNNCL_BYTE_TABLE;
        v += 8;
    }
    bnncl_sign_table(tables, v, n);
}

/* Nibble tables of `n` numbers, 1..32, four each, one behind the other. */
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

/* Adds `more` and what each word chooses to the sum of the same place. */
static inline void bnncl_add_chosen(uint32_t *sums, const bnncl_choices *by, const uint32_t *tables,
                                    uint32_t bytes, uint32_t more)
{
    const uint32_t *word = by->first;
    const size_t step = by->step;
    const uint32_t *const end = sums + by->count;
    while (sums != end) {
        *sums++ += more + bnncl_chosen_by_bytes(tables, *word, bytes);
        word += step;
    }
}

/* The same, by as many bytes as `numbers`, 1..32, take: one loop for each count of bytes. */
static inline void bnncl_add_choices(uint32_t *sums, const bnncl_choices *by, const uint32_t *tables,
                                     uint32_t numbers, uint32_t more)
{
    if (numbers > 24) {
        bnncl_add_chosen(sums, by, tables, 4, more);
    } else if (numbers > 16) {
        bnncl_add_chosen(sums, by, tables, 3, more);
    } else if (numbers > 8) {
        bnncl_add_chosen(sums, by, tables, 2, more);
    } else {
        bnncl_add_chosen(sums, by, tables, 1, more);
    }
}

#endif
