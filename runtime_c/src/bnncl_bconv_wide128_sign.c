/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv_wide.h"
#include "bnncl/internal/wide_to_signs.h"

void bnncl_bconv_wide128_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_vertical_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window)
{
    const bnncl_wide_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = steps,
        .limits = steps->planes,
        .border = border,
        .window = window,
        .add = bnncl_add_wide128,
        .list = bnncl_list_wide128,
        .words = 4,
        .plane_count = steps->plane_count,
    };
    bnncl_bconv_wide(&call, scratch, bnncl_wide_to_signs);
}
