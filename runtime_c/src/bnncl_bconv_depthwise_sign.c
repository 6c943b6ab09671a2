/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv_depthwise.h"
#include "bnncl/internal/bconv_depthwise.h"

void bnncl_bconv_depthwise_sign(const uint32_t *restrict input, const uint32_t *restrict filter,
                                uint32_t *restrict output, uint32_t plane_count,
                                const bnncl_steps *restrict steps, const bnncl_window *restrict window)
{
    bnncl_bconv_depthwise(input, filter, output, plane_count, window, bnncl_sink_sign, steps);
}
