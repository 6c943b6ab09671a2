/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_LIST_ROWS_H
#define BNNCL_INTERNAL_LIST_ROWS_H

#include <stdint.h>

/* bnncl_list_rows in portable C: each entry is written, and counts where its bit is 1. */
static inline uint32_t *bnncl_list_words(uint32_t *entry, const uint32_t *words, uint32_t count,
                                         uint32_t offset)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = offset + 128u * i;
        for (uint32_t word = words[i]; word != 0; word >>= 4) {
            *entry = at;
            entry += word & 1u;
            *entry = at + 4u;
            entry += (word >> 1) & 1u;
            *entry = at + 8u;
            entry += (word >> 2) & 1u;
            *entry = at + 12u;
            entry += (word >> 3) & 1u;
            at += 16u;
        }
    }
    return entry;
}

#endif
