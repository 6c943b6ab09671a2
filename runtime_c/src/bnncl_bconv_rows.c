/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/row_lists.h"
#include "bnncl/internal/row_part.h"
#include "bnncl/internal/window.h"

/* The pixels that an output column covers, and what it adds to a part's base. */
typedef struct {
    int32_t base;
    uint32_t first;
    uint32_t end;
} bnncl_rows_column;

/* Where the parts of a call are kept. */
typedef struct {
    bnncl_rows_part *parts;
    bnncl_rows_column *columns;
    bnncl_row_line *lines;
    uint32_t line_count;
    bnncl_row_lists lists;
} bnncl_rows_plan;

/* Cuts up the scratch: parts, columns, lines, carries, planes, marks, entries. */
static bnncl_rows_plan bnncl_rows_plan_in(uint32_t *scratch, const bnncl_rows_call *call,
                                          bnncl_rows_work *work)
{
    const bnncl_window *window = call->window;
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    bnncl_rows_plan plan;
    plan.parts = (bnncl_rows_part *)scratch;
    plan.columns = (bnncl_rows_column *)(plan.parts + window->filter_h + 1u);
    plan.lines = (bnncl_row_line *)(plan.columns + window->out_w);
    plan.line_count = 0;
    work->carries = (uint32_t *)(plan.lines + window->filter_h);
    work->carry_words = (uint32_t)(3u + window->filter_h + taps * window->in_channels / 16u);
    work->planes = work->carries + 2u * (size_t)work->carry_words + 2u;
    plan.lists = bnncl_row_lists_in(work->planes - 2 + call->plane_words, window, bnncl_list_rows, 4);
    plan.lists.turn = call->turn;
    work->entries = plan.lists.entries;
    work->parts = plan.parts;
    return plan;
}

/* Fills in the columns; one without a tap inside covers no pixel. */
static void bnncl_rows_columns(const bnncl_window *window, bnncl_rows_column *columns)
{
    const int32_t tap_bytes = (int32_t)(window->in_channels + 1u) * 4;
    for (uint32_t x = 0; x < window->out_w; x++) {
        const bnncl_taps taps = bnncl_columns_inside(window, x);
        const uint32_t count = taps.end - taps.first;
        columns[x].first = count > 0 ? taps.start : 0;
        columns[x].end = columns[x].first + count;
        columns[x].base = count > 0 ? ((int32_t)taps.first - (int32_t)taps.start) * tap_bytes : 0;
    }
}

/* Fills in the parts of output column `column` and returns n1. */
static uint32_t bnncl_rows_parts(const bnncl_rows_plan *plan, const bnncl_rows_column *column,
                                 uint32_t channels)
{
    const bnncl_row_line *const end = plan->lines + plan->line_count;
    bnncl_rows_part *part = plan->parts;
    uint32_t ones = 0;
    for (const bnncl_row_line *line = plan->lines; line < end; line++) {
        const uint32_t *marks = plan->lists.marks + line->mark;
        ones += bnncl_row_part(part, marks, column->first, column->end, channels);
        part->base = line->base + column->base;
        part += part->count > 0;
    }
    part->count = 0;
    return ones;
}

void bnncl_bconv_rows(const bnncl_rows_call *call, uint32_t *scratch, bnncl_rows_sink sink)
{
    const bnncl_window *window = call->window;
    const uint32_t middle = UINT32_C(1) << (call->plane_count - 1);
    const int32_t row_bytes = (int32_t)(window->filter_w * (window->in_channels + 1u)) * 4;
    bnncl_rows_work work = {
        .rows = call->rows,
        .group_bytes = window->filter_h * window->filter_w * (window->in_channels + 1u) * 4u,
        .groups = bnncl_words(window->out_channels),
        .pairs = (call->plane_count - 4) / 2,
    };
    bnncl_rows_plan plan = bnncl_rows_plan_in(scratch, call, &work);
    bnncl_rows_spot spot = {.pixel = 0};
    bnncl_rows_columns(window, plan.columns);
    for (uint32_t y = 0; y < window->out_h; y++) {
        const size_t row_class = call->border->row_class[y];
        plan.line_count = bnncl_build_lines(plan.lines, &plan.lists, call->input, window, row_bytes, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            spot.border = row_class * call->border->column_classes + call->border->column_class[x];
            spot.ones = bnncl_rows_parts(&plan, &plan.columns[x], window->in_channels);
            work.start = middle - (spot.ones + call->round) / 2u;
            sink(call, &spot, &work);
            spot.pixel++;
        }
    }
}
