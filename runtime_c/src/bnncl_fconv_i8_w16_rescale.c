/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fconv.h"
#include "bnncl/internal/dot.h"
#include "bnncl/internal/fconv.h"

void bnncl_fconv_i8_w16_rescale(const int8_t *restrict input, const int16_t *restrict filter,
                                void *restrict output, uint32_t *restrict scratch,
                                const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                const bnncl_window *restrict window)
{
    const bnncl_fconv_call call = {
        .input = input,
        .filter = filter,
        .output = output,
        .scratch = scratch,
        .bias = bias,
        .epilogue = rescale,
        .window = window,
        .pixel_bytes = window->in_channels * sizeof *input,
        .weight_bytes = sizeof *filter,
        .dense = true,
    };
    bnncl_fconv(&call, bnncl_dot_i8_w16, bnncl_sink_rescale);
}
