/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/rows_to_sums.h"

void bnncl_bconv_rows_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                          const bnncl_window *restrict window)
{
    const bnncl_rows_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = sums,
        .border = border,
        .window = window,
        .plane_count = sums->plane_count,
        .round = 1,
        .plane_words = bnncl_sums_plane_words(window),
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_sums);
}
