/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fconv.h"
#include "bnncl/internal/dot.h"
#include "bnncl/internal/fconv.h"

void bnncl_fconv_bits_w8_rescale(const uint32_t *restrict input, const int8_t *restrict filter,
                                 const int32_t *restrict bias, void *restrict output,
                                 const bnncl_rescale *restrict rescale, const bnncl_border *restrict border,
                                 const bnncl_window *restrict window)
{
    const bnncl_fconv_call call = {
        .input = input,
        .filter = filter,
        .bias = bias,
        .output = output,
        .epilogue = rescale,
        .border = border,
        .window = window,
        .pixel_bytes = bnncl_words(window->in_channels) * sizeof *input,
        .weight_bytes = sizeof *filter,
        .dense = window->in_channels % 32u == 0,
    };
    bnncl_fconv(&call, bnncl_dot_bits_w8, bnncl_sink_rescale);
}
