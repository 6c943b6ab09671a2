/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BCONV_ROWS_H
#define BNNCL_INTERNAL_BCONV_ROWS_H

#include "bnncl/internal/row_lists.h"
#include "bnncl/internal/rows.h"
#include "bnncl/types.h"

#include <stddef.h>
#include <stdint.h>

/* Binary convolution over active rows: the algebra of bnncl/internal/bconv_vertical.h, C = 2**(planes - 1).
 * The taps of one filter row that lie inside, side by side in the map as in the filter, are one part. */

/* Everything that stays the same over one call. */
typedef struct {
    const uint32_t *input;
    const uint32_t *rows;
    void *output;
    const void *params;
    const bnncl_border *border;
    const bnncl_window *window;
    uint32_t plane_count;
    uint32_t round;        /* counters start at C - floor((n1 + round) / 2) */
    uint32_t plane_words;  /* of scratch for the planes and for two words before them */
    bnncl_row_turner turn; /* what is listed in place of the input's rows, or NULL */
} bnncl_rows_call;

/* One output pixel: the number of its border class, n1. */
typedef struct {
    size_t border;
    size_t pixel;
    uint32_t ones;
} bnncl_rows_spot;

/* Completes `work`, counts and turns what comes out into output. */
typedef void (*bnncl_rows_sink)(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                                bnncl_rows_work *work);

/* The whole convolution. */
void bnncl_bconv_rows(const bnncl_rows_call *call, uint32_t *scratch, bnncl_rows_sink sink);

#endif
