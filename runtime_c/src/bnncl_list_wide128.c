/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/list_rows.h"
#include "bnncl/internal/wide.h"

uint32_t *bnncl_list_wide128(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return bnncl_list_words(entry, words, count, offset, 16);
}
