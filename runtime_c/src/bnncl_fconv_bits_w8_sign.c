/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fconv.h"
#include "bnncl/internal/dot.h"
#include "bnncl/internal/fconv.h"

void bnncl_fconv_bits_w8_sign(const uint32_t *restrict input, const int8_t *restrict filter,
                              const int32_t *restrict bias, uint32_t *restrict output,
                              const bnncl_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window)
{
    const bnncl_fconv_call call = {
        .input = input,
        .filter = filter,
        .bias = bias,
        .output = output,
        .epilogue = steps,
        .border = border,
        .window = window,
        .pixel_bytes = bnncl_words(window->in_channels) * sizeof *input,
        .weight_bytes = sizeof *filter,
        .dense = window->in_channels % 32u == 0,
    };
    bnncl_fconv(&call, bnncl_dot_bits_w8, bnncl_sink_sign);
}
