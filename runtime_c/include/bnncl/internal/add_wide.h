/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ADD_WIDE_H
#define BNNCL_INTERNAL_ADD_WIDE_H

#include "bnncl/internal/planes.h"
#include "bnncl/internal/wide.h"

#include <stddef.h>
#include <stdint.h>

/* bnncl_add_wide128 and bnncl_add_wide256 in portable C; a vector has `words` words, 4 or 8. */

enum { BNNCL_WIDEST = 8 };

/* Adds x and y to *sum and leaves the carries in *carry, which may be x. */
static inline void bnncl_wide_full_add(uint32_t *sum, const uint32_t *x, const uint32_t *y, uint32_t *carry,
                                       uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        carry[i] = bnncl_full_add(&sum[i], x[i], y[i]);
    }
}

/* Adds 16 rows into planes 0..3 and leaves the carries, of weight 16. */
static inline void bnncl_wide_sixteen(uint32_t *planes, const uint32_t *const row[16], uint32_t *carry,
                                      uint32_t words)
{
    uint32_t sums[8 * BNNCL_WIDEST];
    for (uint32_t i = 0; i < 8; i++) {
        bnncl_wide_full_add(planes, row[2 * i], row[2 * i + 1], sums + i * words, words);
    }
    for (uint32_t count = 4; count > 0; count /= 2) {
        planes += words;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t *const two = sums + 2 * i * words;
            bnncl_wide_full_add(planes, two, two + words, sums + i * words, words);
        }
    }
    for (uint32_t i = 0; i < words; i++) {
        carry[i] = sums[i];
    }
}

/* Adds the rows of one part into planes 0..3, with zeros behind the last. Writes the carries, of weight 16, and
 * returns the end of them. */
static inline uint32_t *bnncl_wide_add_part(uint32_t *planes, uintptr_t rows, const uint32_t *entries,
                                            const bnncl_rows_part *part, uint32_t *carry, uint32_t words)
{
    static const uint32_t zeros[BNNCL_WIDEST] = {0};
    const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
    entries += part->first;
    for (uint32_t at = 0; at < part->count; at += 16) {
        const uint32_t *row[16];
        for (uint32_t i = 0; i < 16; i++) {
            row[i] = at + i < part->count ? (const uint32_t *)(base + entries[at + i]) : zeros;
        }
        bnncl_wide_sixteen(planes, row, carry, words);
        carry += words;
    }
    return carry;
}

/* Adds `left` vectors of its weight into a plane: each two, or a last one, leave one of twice the weight.
 * Returns how many these are; they take the places of the first. */
static inline size_t bnncl_wide_add_vectors(uint32_t *plane, uint32_t *vectors, size_t left, uint32_t words)
{
    static const uint32_t zeros[BNNCL_WIDEST] = {0};
    uint32_t *to = vectors;
    for (size_t i = 0; i < left; i += 2) {
        const uint32_t *first = vectors + i * words;
        bnncl_wide_full_add(plane, first, i + 1 < left ? first + words : zeros, to, words);
        to += words;
    }
    return (left + 1) / 2;
}

/* The lanes of block `block` whose counter is below its limit. */
static inline void bnncl_wide_compare(const bnncl_wide_work *work, uint32_t block, const uint32_t *planes,
                                      uint32_t words)
{
    uint32_t *const below = work->below + block * words;
    const uint32_t *const at = work->limit_at + block * words;
    for (uint32_t i = 0; i < words; i++) {
        const uint32_t *limit = work->limits + at[i];
        below[i] = 0;
        for (uint32_t k = 0; k < work->plane_count; k++) {
            below[i] = bnncl_still_below(below[i], planes[k * words + i], limit[k]);
        }
    }
}

/* The whole of it. */
static inline void bnncl_add_wide(const bnncl_wide_work *work, uint32_t words)
{
    uintptr_t rows = (uintptr_t)work->rows;
    uint32_t *planes = work->planes;
    for (uint32_t block = 0; block < work->blocks; block++) {
        uint32_t *carry = work->carries;
        for (uint32_t i = 0; i < work->plane_count * words; i++) {
            planes[i] = 0u - ((work->start[i % words] >> (i / words)) & 1u);
        }
        for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
            carry = bnncl_wide_add_part(planes, rows, work->entries, part, carry, words);
        }
        size_t left = (size_t)(carry - work->carries) / words;
        for (uint32_t k = 4; k < work->plane_count; k++) {
            left = bnncl_wide_add_vectors(planes + k * words, work->carries, left, words);
        }
        if (work->limits != NULL) {
            bnncl_wide_compare(work, block, planes, words);
        }
        rows += work->block_bytes;
        planes += work->plane_bytes / 4u;
    }
}

#endif
