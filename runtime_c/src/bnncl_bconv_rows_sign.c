/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"
#include "bnncl/internal/rows_to_signs.h"

void bnncl_bconv_rows_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                           uint32_t *restrict output, uint32_t *restrict scratch,
                           const bnncl_vertical_steps *restrict steps, const bnncl_border *restrict border,
                           const bnncl_window *restrict window)
{
    const bnncl_rows_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = steps,
        .border = border,
        .window = window,
        .plane_count = steps->plane_count,
        .plane_words = steps->plane_count + 2u,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_signs);
}
