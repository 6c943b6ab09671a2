/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/rarer.h"
#include "bnncl/internal/rows_to_signs.h"

#include <stdbool.h>

void bnncl_bconv_rarer_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                            uint32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_rarer_steps *restrict steps, const bnncl_border *restrict border,
                            const bnncl_window *restrict window)
{
    const bool is_turned =
        bnncl_are_ones_many(input, window, steps->row_uses, steps->column_uses, steps->half);
    const bnncl_vertical_steps chosen = {
        .planes = steps->planes + (is_turned ? steps->turned : 0u),
        .reached = steps->reached + (is_turned ? bnncl_words(window->out_channels) : 0u),
        .plane_count = steps->plane_count,
    };
    const bnncl_rows_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = &chosen,
        .border = border,
        .window = window,
        .plane_count = steps->plane_count,
        .plane_words = steps->plane_count + 2u,
        .turn = is_turned ? bnncl_turned_row : NULL,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_signs);
}
