/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/rows.h"

/* By jumps over entries that are not there: short pipelines lose nothing by them, and there is no instruction
 * that finds a 1. */
uint32_t *bnncl_list_rows(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    for (const uint32_t *const end = words + count; words < end; words++) {
        uint32_t at = offset;
        for (uint32_t word = *words; word != 0; word >>= 8) {
            for (uint32_t bit = 0; bit < 8; bit++) {
                if ((word >> bit & 1u) != 0) {
                    *entry++ = at + 4u * bit;
                }
            }
            at += 32u;
        }
        offset += 128u;
    }
    return entry;
}
