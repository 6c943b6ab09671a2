/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fconv.h"
#include "bnncl/internal/column_step.h"

void bnncl_fconv_i8_w16_step(const int8_t *restrict input, const uint32_t *restrict filter,
                             uint32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_bias *restrict bias, const uint32_t *restrict reached,
                             const bnncl_window *restrict window)
{
    const bnncl_columns_call call = {
        .input = input,
        .filter = filter,
        .output = output,
        .scratch = scratch,
        .bias = bias,
        .epilogue = reached,
        .window = window,
    };
    bnncl_columns(&call, bnncl_round_up_4(window->out_channels), bnncl_widen_i8, bnncl_columns_step);
}
