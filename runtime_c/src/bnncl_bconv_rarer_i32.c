/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/rarer.h"
#include "bnncl/internal/rows_to_sums.h"

#include <stdbool.h>

void bnncl_bconv_rarer_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                           int32_t *restrict output, uint32_t *restrict scratch,
                           const bnncl_rarer_sums *restrict sums, const bnncl_border *restrict border,
                           const bnncl_window *restrict window)
{
    const bool is_turned = bnncl_are_ones_many(input, window, sums->row_uses, sums->column_uses, sums->half);
    const bnncl_vertical_sums chosen = {
        .base = sums->base + (is_turned ? sums->turned : 0u),
        .plane_count = sums->plane_count,
    };
    const bnncl_rows_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = &chosen,
        .border = border,
        .window = window,
        .plane_count = sums->plane_count,
        .round = 1,
        .plane_words = bnncl_sums_plane_words(window),
        .turn = is_turned ? bnncl_turned_row : NULL,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_turned_sums);
}
