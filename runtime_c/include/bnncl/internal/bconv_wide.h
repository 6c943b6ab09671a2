/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_BCONV_WIDE_H
#define BNNCL_INTERNAL_BCONV_WIDE_H

#include "bnncl/bits.h"
#include "bnncl/internal/row_lists.h"
#include "bnncl/internal/wide.h"
#include "bnncl/internal/window.h"
#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Binary convolution over active rows with vectors of `words` words, 4 or 8: the algebra of
 * bnncl/internal/bconv_vertical.h, C = 2**(plane_count - 1), in each lane.
 *
 * Where the groups of 32 output channels of a few pixels fit one vector, so many neighbours of an output row
 * are computed at once: they are a fold. Its filter has a column for each input column that one of them
 * covers, and rows of weights that are 0 in the lanes of pixels that do not. Each lane counts the ones of its
 * own pixel's window alone and starts at what belongs to their number. */

enum { BNNCL_WIDE_PIXELS = 8 };

/* Everything that stays the same over one call. */
typedef struct {
    const uint32_t *input;
    const uint32_t *rows;
    void *output;
    const void *params;
    const uint32_t *limits; /* [row classes][column classes][2][groups][plane_count], or NULL: sums */
    const bnncl_border *border;
    const bnncl_window *window;
    void (*add)(const bnncl_wide_work *work);
    bnncl_row_lister list;
    uint32_t words;
    uint32_t plane_count;
    uint32_t round; /* counters start at C - floor((n1 + round) / 2) */
} bnncl_wide_call;

/* The input columns that an output pixel covers. */
typedef struct {
    uint32_t first;
    uint32_t end;
} bnncl_wide_columns;

/* The input columns that a fold covers, and what it adds to a part's base. */
typedef struct {
    int32_t base;
    bnncl_wide_columns all;
} bnncl_wide_run;

/* The pixels of a fold: the number of each one's border class, n1. */
typedef struct {
    size_t pixel; /* the first one */
    uint32_t count;
    uint32_t border[BNNCL_WIDE_PIXELS];
    uint32_t ones[BNNCL_WIDE_PIXELS];
} bnncl_wide_spot;

/* Where the parts of a call are kept. */
typedef struct {
    bnncl_rows_part *parts;
    bnncl_wide_run *runs; /* of each fold of an output row */
    bnncl_wide_columns *columns;
    bnncl_row_line *lines;
    uint32_t line_count;
    uint32_t fold;
    uint32_t span;   /* columns of the filter of a fold */
    uint32_t *marks; /* [in_w + 1], sums of the marks of all lines */
    uint32_t *start;
    uint32_t *limit_at;
    uint32_t *words; /* 48 */
    bnncl_row_lists lists;
} bnncl_wide_plan;

/* Turns what came out into output. */
typedef void (*bnncl_wide_sink)(const bnncl_wide_call *call, const bnncl_wide_plan *plan,
                                const bnncl_wide_spot *spot, const bnncl_wide_work *work);

/* How many output pixels make a fold: as many as a vector has room for, unless windows leave columns out. */
static inline uint32_t bnncl_wide_fold(const bnncl_window *window, uint32_t words)
{
    const uint32_t groups = bnncl_words(window->out_channels);
    uint32_t fold = 1;
    while (window->stride_w <= window->filter_w && fold < window->out_w && (fold + 1u) * groups <= words) {
        fold++;
    }
    return fold;
}

/* Cuts up the scratch: parts, runs, columns, lines, sums of marks, what a word is about, carries, planes, marks,
 * entries. */
static inline bnncl_wide_plan bnncl_wide_plan_in(uint32_t *scratch, const bnncl_wide_call *call,
                                                 bnncl_wide_work *work)
{
    const bnncl_window *window = call->window;
    const uint32_t words = call->words;
    const uint32_t blocks = (bnncl_words(window->out_channels) + words - 1u) / words;
    const uint32_t kept = call->limits == NULL ? blocks : 1u;
    bnncl_wide_plan plan;
    plan.fold = bnncl_wide_fold(window, words);
    plan.span = window->filter_w + (plan.fold - 1u) * window->stride_w;
    plan.parts = (bnncl_rows_part *)scratch;
    plan.runs = (bnncl_wide_run *)(plan.parts + window->filter_h + 1u);
    plan.columns = (bnncl_wide_columns *)(plan.runs + window->out_w);
    plan.lines = (bnncl_row_line *)(plan.columns + window->out_w);
    plan.line_count = 0;
    plan.marks = (uint32_t *)(plan.lines + window->filter_h);
    plan.start = plan.marks + window->in_w + 1;
    plan.limit_at = plan.start + (size_t)blocks * words;
    work->below = plan.limit_at + (size_t)blocks * words;
    plan.words = work->below + (size_t)blocks * words;
    work->carries = plan.words + 48;
    work->carry_vectors = 3u + window->filter_h + window->filter_h * plan.span * window->in_channels / 16u;
    work->planes = work->carries + 2u * (size_t)work->carry_vectors * words;
    work->plane_count = call->plane_count;
    work->plane_bytes = call->limits == NULL ? call->plane_count * words * 4u : 0;
    plan.lists = bnncl_row_lists_in(work->planes + (size_t)kept * call->plane_count * words, window,
                                    call->list, words * 4u);
    work->rows = call->rows;
    work->entries = plan.lists.entries;
    work->parts = plan.parts;
    work->start = plan.start;
    work->limits = call->limits;
    work->limit_at = plan.limit_at;
    work->blocks = blocks;
    work->block_bytes = window->filter_h * plan.span * (window->in_channels + 1u) * words * 4u;
    return plan;
}

/* Fills in runs and columns. A pixel without a tap inside covers no columns. The others of its fold do not
 * stand on both sides of it: what they cover is one run. */
static inline void bnncl_wide_runs(const bnncl_window *window, const bnncl_wide_plan *plan)
{
    const int32_t tap_bytes = (int32_t)((window->in_channels + 1u) * plan->lists.unit);
    bnncl_wide_run *run = plan->runs;
    uint32_t place = 0;
    for (uint32_t x = 0; x < window->out_w; x++) {
        const bnncl_taps taps = bnncl_columns_inside(window, x);
        const bool is_any = taps.end > taps.first;
        const uint32_t first = is_any ? taps.start : 0;
        const uint32_t end = first + taps.end - taps.first;
        const uint32_t tap = taps.first + place * window->stride_w;
        plan->columns[x].first = first;
        plan->columns[x].end = end;
        if (place == 0 || (is_any && run->all.end == 0)) {
            run->base = is_any ? ((int32_t)tap - (int32_t)first) * tap_bytes : 0;
            run->all.first = first;
            run->all.end = 0;
        }
        run->all.end = is_any ? end : run->all.end;
        place++;
        if (place == plan->fold) {
            place = 0;
            run++;
        }
    }
}

/* Fills in the parts of a fold. */
static inline void bnncl_wide_parts(const bnncl_wide_plan *plan, const bnncl_wide_run *run)
{
    const bnncl_row_line *const end = plan->lines + plan->line_count;
    bnncl_rows_part *part = plan->parts;
    for (const bnncl_row_line *line = plan->lines; line < end; line++) {
        const uint32_t *marks = plan->lists.marks + line->mark;
        part->first = marks[run->all.first];
        part->count = marks[run->all.end] - part->first;
        part->base = line->base + run->base;
        part += part->count > 0;
    }
    part->count = 0;
}

/* Adds up the marks of all lines: n1 of a pixel is the difference between two of the sums. */
static inline void bnncl_wide_marks(const bnncl_wide_plan *plan)
{
    const uint32_t count = plan->lists.width + 1u;
    uint32_t *const sums = plan->marks;
    for (uint32_t line = 0; line < plan->line_count; line++) {
        const uint32_t *marks = plan->lists.marks + plan->lines[line].mark;
        for (uint32_t x = 0; x < count; x++) {
            sums[x] = marks[x] + (line > 0 ? sums[x] : 0u);
        }
    }
    for (uint32_t x = 0; plan->line_count == 0 && x < count; x++) {
        sums[x] = 0;
    }
}

/* Fills in the pixels of the fold that begins at output column `x`: n1, what their counters start at, and which
 * limits are theirs. */
static inline void bnncl_wide_pixels(const bnncl_wide_call *call, const bnncl_wide_plan *plan, uint32_t x,
                                     uint32_t row_class, bnncl_wide_spot *spot)
{
    const uint32_t middle = UINT32_C(1) << (call->plane_count - 1);
    const uint32_t groups = bnncl_words(call->window->out_channels);
    const uint32_t planes = call->plane_count;
    const uint32_t set = groups * planes;
    uint32_t *restrict start = plan->start;
    uint32_t *restrict limit_at = plan->limit_at;
    for (uint32_t i = 0; i < spot->count; i++) {
        const uint32_t border = row_class + call->border->column_class[x + i];
        const uint32_t ones = plan->marks[plan->columns[x + i].end] - plan->marks[plan->columns[x + i].first];
        uint32_t at = (border * 2u + ones % 2u) * set;
        spot->border[i] = border;
        spot->ones[i] = ones;
        const uint32_t value = middle - (ones + call->round) / 2u;
        uint32_t left = groups;
        do {
            *start++ = value;
            *limit_at++ = at;
            at += planes;
            left--;
        } while (left > 0);
    }
}

/* The whole convolution. */
static inline void bnncl_bconv_wide(const bnncl_wide_call *call, uint32_t *scratch, bnncl_wide_sink sink)
{
    const bnncl_window *window = call->window;
    bnncl_wide_work work;
    bnncl_wide_plan plan = bnncl_wide_plan_in(scratch, call, &work);
    const int32_t row_bytes = (int32_t)(plan.span * (window->in_channels + 1u) * plan.lists.unit);
    bnncl_wide_spot spot = {.pixel = 0};
    bnncl_wide_runs(window, &plan);
    for (uint32_t i = 0; i < 2u * work.blocks * call->words; i++) {
        plan.start[i] = 0;
    }
    for (uint32_t y = 0; y < window->out_h; y++) {
        const uint32_t row_class = call->border->row_class[y] * call->border->column_classes;
        const bnncl_wide_run *run = plan.runs;
        plan.line_count = bnncl_row_lines(plan.lines, &plan.lists, call->input, window, row_bytes, y);
        bnncl_wide_marks(&plan);
        for (uint32_t x = 0; x < window->out_w; x += plan.fold) {
            spot.count = window->out_w - x < plan.fold ? window->out_w - x : plan.fold;
            bnncl_wide_parts(&plan, run++);
            bnncl_wide_pixels(call, &plan, x, row_class, &spot);
            call->add(&work);
            sink(call, &plan, &spot, &work);
            spot.pixel += spot.count;
        }
    }
}

#endif
