/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_vertical.h"

static void bnncl_compare(const bnncl_vertical_call *call, const bnncl_spot *spot, uint32_t group,
                          const uint32_t *planes)
{
    const bnncl_vertical_steps *steps = call->params;
    const size_t groups = bnncl_words(call->window->out_channels);
    const size_t set = (spot->border * 2u + spot->parity) * groups + group;
    const uint32_t *limit = steps->planes + set * steps->plane_count;
    uint32_t *output = call->output;
    output[spot->pixel * groups + group] =
        steps->reached[group] ^ bnncl_below(planes, limit, steps->plane_count);
}

void bnncl_bconv_vertical_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                               uint32_t *restrict output, uint32_t *restrict scratch,
                               const bnncl_vertical_steps *restrict steps,
                               const bnncl_border *restrict border, const bnncl_window *restrict window)
{
    const bnncl_vertical_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = steps,
        .border = border,
        .window = window,
        .plane_count = steps->plane_count,
    };
    bnncl_bconv_vertical(&call, scratch, bnncl_compare);
}
