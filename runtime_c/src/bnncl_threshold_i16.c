/* SPDX-License-Identifier: 0BSD */
#include "bnncl/elementwise.h"
#include "bnncl/internal/threshold.h"

void bnncl_threshold_i16(const int16_t *restrict input, uint32_t *restrict output,
                         const bnncl_steps *restrict steps, uint32_t pixels, uint32_t channels)
{
    bnncl_threshold_each(input, output, steps, pixels, channels, bnncl_load_i16);
}
