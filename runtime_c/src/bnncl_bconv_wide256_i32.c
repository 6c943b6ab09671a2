/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv_wide.h"
#include "bnncl/internal/wide_to_sums.h"

void bnncl_bconv_wide256_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                             int32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                             const bnncl_window *restrict window)
{
    const bnncl_wide_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = sums,
        .border = border,
        .window = window,
        .add = bnncl_add_wide256,
        .list = bnncl_list_wide256,
        .words = 8,
        .plane_count = sums->plane_count,
        .round = 1,
    };
    bnncl_bconv_wide(&call, scratch, bnncl_wide_to_sums);
}
