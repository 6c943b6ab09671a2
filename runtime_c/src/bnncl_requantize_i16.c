/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/elementwise.h"

void bnncl_requantize_i16(const int16_t *restrict input, void *restrict output,
                          const bnncl_rescale *restrict rescale, uint32_t pixels, uint32_t channels)
{
    bnncl_each(input, output, rescale, pixels, channels, bnncl_load_i16, bnncl_sink_rescale);
}
