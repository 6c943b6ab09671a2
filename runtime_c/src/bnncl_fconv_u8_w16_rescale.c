/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fconv.h"
#include "bnncl/internal/column_sums.h"

void bnncl_fconv_u8_w16_rescale(const uint8_t *restrict input, const uint32_t *restrict filter,
                                void *restrict output, uint32_t *restrict scratch,
                                const bnncl_bias *restrict bias, const bnncl_rescale *restrict rescale,
                                const bnncl_window *restrict window)
{
    const bnncl_columns_call call = {
        .input = input,
        .filter = filter,
        .output = output,
        .scratch = scratch,
        .bias = bias,
        .epilogue = rescale,
        .window = window,
    };
    bnncl_columns(&call, window->out_channels, bnncl_widen_u8, bnncl_columns_rescale);
}
