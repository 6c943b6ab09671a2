/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ROWS_H
#define BNNCL_INTERNAL_ROWS_H

#include <stdint.h>

/* What the drivers of the kernels over active rows share with the functions that do the counting, of which a
 * core may have its own: bnncl_list_rows lists rows of weights, bnncl_add_rows adds them up. All fields of
 * the structs are 4 bytes wide where addresses are. */

/* Rows of weights that stand in a run of entries. `base` bytes and an entry make the distance of a row from
 * the first row of its group. */
typedef struct {
    uint32_t first; /* number of the run's first entry */
    uint32_t count; /* of entries; 0 behind the last part */
    int32_t base;
} bnncl_rows_part;

/* The counters of one output pixel: 32 channels (a group) to a word, bit-sliced, in 4 + 2 * `pairs` planes,
 * pairs >= 1. */
typedef struct {
    const uint32_t *rows;         /* of the first group */
    const uint32_t *entries;      /* all of them */
    const bnncl_rows_part *parts; /* one after the other, up to one of no entries */
    uint32_t start;               /* what every counter is at first */
    const uint32_t *limits;       /* [groups][planes], or NULL: no comparison */
    uint32_t *carries;            /* [2][carry_words] */
    uint32_t *planes;             /* what comes out: a group's planes every `plane_bytes` */
    uint32_t *below;              /* [groups], the lanes whose counter is below its limit; limits only */
    uint32_t group_bytes;         /* from the rows of a group to those of the next */
    uint32_t plane_bytes;         /* 0 where the planes themselves are of no use */
    uint32_t groups;              /* at least 1 */
    uint32_t pairs;
    uint32_t carry_words; /* a word for each 16 entries begun of each part, and 3 more */
} bnncl_rows_work;

/* Counts, for every group of a pixel, the rows that `work->parts` name. Counters are exact modulo
 * 2**planes. */
void bnncl_add_rows(const bnncl_rows_work *work);

/* Writes at `entry` an entry for each 1 in `count` words, 1 or more, that of bit b of word w being
 * offset + 4 * (32 * w + b), in any order, and returns the end. One more entry may be overwritten. */
uint32_t *bnncl_list_rows(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset);

/* sums[i] = base[i] + number i, for 32 numbers of `count` bits, 8..16, of which word k has the bits k. All of
 * the 16 words are used up. */
void bnncl_add_transposed(uint32_t words[16], uint32_t count, const int32_t *base, int32_t *sums);

#endif
