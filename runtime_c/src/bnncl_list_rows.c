/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/list_rows.h"
#include "bnncl/internal/rows.h"

uint32_t *bnncl_list_rows(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return bnncl_list_words(entry, words, count, offset, 4);
}
