/* SPDX-License-Identifier: 0BSD */
#include "bnncl/filter.h"
#include "bnncl/internal/filter_conv.h"

void bnncl_filter_conv_i8(const int8_t *restrict input, const uint32_t *restrict signs,
                          int32_t *restrict output, uint32_t *restrict scratch,
                          const bnncl_window *restrict window)
{
    bnncl_filter_conv(input, signs, output, scratch, window, bnncl_load_i8);
}
