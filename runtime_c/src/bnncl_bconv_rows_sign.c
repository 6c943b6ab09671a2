/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_rows.h"

static void bnncl_rows_to_signs(const bnncl_rows_call *call, const bnncl_rows_spot *spot,
                                bnncl_rows_work *work)
{
    const bnncl_vertical_steps *steps = call->params;
    const size_t set = (spot->border * 2u + spot->ones % 2u) * work->groups;
    uint32_t *output = (uint32_t *)call->output + spot->pixel * work->groups;
    work->limits = steps->planes + set * steps->plane_count;
    work->below = output;
    bnncl_add_rows(work);
    for (uint32_t group = 0; group < work->groups; group++) {
        output[group] ^= steps->reached[group];
    }
}

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
        .plane_words = steps->plane_count,
    };
    bnncl_bconv_rows(&call, scratch, bnncl_rows_to_signs);
}
