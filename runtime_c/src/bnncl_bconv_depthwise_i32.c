/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv_depthwise.h"
#include "bnncl/internal/bconv_depthwise.h"

#include <stddef.h>

void bnncl_bconv_depthwise_i32(const uint32_t *restrict input, const uint32_t *restrict filter,
                               int32_t *restrict output, uint32_t plane_count,
                               const bnncl_window *restrict window)
{
    bnncl_bconv_depthwise(input, filter, output, plane_count, window, bnncl_sink_i32, NULL);
}
