/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LIST_ROWS_H
#define BNNCL_INTERNAL_LIST_ROWS_H

#include <stdint.h>

/* bnncl_list_rows in portable C, for rows of `unit` bytes: each entry is written, and counts where its bit is
 * 1. */
static inline uint32_t *bnncl_list_words(uint32_t *entry, const uint32_t *words, uint32_t count,
                                         uint32_t offset, uint32_t unit)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = offset + 32u * unit * i;
        for (uint32_t word = words[i]; word != 0; word >>= 4) {
            *entry = at;
            entry += word & 1u;
            *entry = at + unit;
            entry += (word >> 1) & 1u;
            *entry = at + 2u * unit;
            entry += (word >> 2) & 1u;
            *entry = at + 3u * unit;
            entry += (word >> 3) & 1u;
            at += 4u * unit;
        }
    }
    return entry;
}

#endif
