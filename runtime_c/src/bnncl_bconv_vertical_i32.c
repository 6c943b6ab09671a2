/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_vertical.h"

static void bnncl_store_sums(const bnncl_vertical_call *call, const bnncl_spot *spot, uint32_t group,
                             const uint32_t *planes)
{
    const bnncl_vertical_sums *sums = call->params;
    const uint32_t channels = call->window->out_channels;
    const int32_t *base = sums->base + spot->border * channels;
    int32_t *output = (int32_t *)call->output + spot->pixel * channels;
    const uint32_t first = group * 32u;
    const uint32_t end = channels - first < 32u ? channels : first + 32u;
    const int32_t odd = 2 * (int32_t)spot->parity;
    for (uint32_t o = first; o < end; o += 4) {
        uint32_t counters[4];
        bnncl_read_counters(planes, call->plane_count, o - first, counters);
        for (uint32_t i = 0; i < 4 && o + i < end; i++) {
            output[o + i] = base[o + i] + 4 * (int32_t)counters[i] - odd;
        }
    }
}

void bnncl_bconv_vertical_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                              int32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                              const bnncl_window *restrict window)
{
    const bnncl_vertical_call call = {
        .input = input,
        .rows = rows,
        .output = output,
        .params = sums,
        .border = border,
        .window = window,
        .plane_count = sums->plane_count,
    };
    bnncl_bconv_vertical(&call, scratch, bnncl_store_sums);
}
