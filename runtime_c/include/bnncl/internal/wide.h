/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_WIDE_H
#define BNNCL_INTERNAL_WIDE_H

#include "bnncl/internal/rows.h"

#include <stdint.h>

/* What the drivers of the wide kernels share with the functions that do the counting, of which a core may have
 * its own. All is as in bnncl/internal/rows.h, with vectors of 128 or 256 lanes, 4 or 8 words, in place of
 * words. No address has to be a multiple of more than 4. */

/* The counters of a few output pixels side by side, or of one: a vector of lanes (a block), bit-sliced, in
 * `plane_count` planes, even and 6 or more. */
typedef struct {
    const uint32_t *rows;         /* of the first block */
    const uint32_t *entries;      /* all of them */
    const bnncl_rows_part *parts; /* one after the other, up to one of no entries */
    const uint32_t *start;        /* [words], what each counter of a word is at first, in every block */
    const uint32_t *limits;       /* planes of 32 lanes, one behind the other; or NULL: no comparison */
    const uint32_t *limit_at;     /* [blocks][words], number of the first of a word's limits */
    uint32_t *carries;            /* [2][carry_vectors][words] */
    uint32_t *planes;             /* what comes out: a block's [plane_count][words] every `plane_bytes` */
    uint32_t *below;      /* [blocks][words], the lanes whose counter is below its limit; limits only */
    uint32_t block_bytes; /* from the rows of a block to those of the next */
    uint32_t plane_bytes; /* 0 where the planes themselves are of no use */
    uint32_t blocks;      /* at least 1 */
    uint32_t plane_count;
    uint32_t carry_vectors; /* one for each 16 entries begun of each part, and 3 more */
} bnncl_wide_work;

/* Counts, for every block, the rows that `work->parts` name. Counters are exact modulo 2**plane_count. */
void bnncl_add_wide128(const bnncl_wide_work *work);
void bnncl_add_wide256(const bnncl_wide_work *work);

/* bnncl_list_rows for rows of 16 and of 32 bytes. Eight more entries may be overwritten. */
uint32_t *bnncl_list_wide128(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset);
uint32_t *bnncl_list_wide256(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset);

#endif
