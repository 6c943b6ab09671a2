/* SPDX-License-Identifier: 0BSD */
#include "bnncl/filter.h"
#include "bnncl/internal/filter_accumulate_i16.h"

void bnncl_filter_accumulate_u8_i16(int16_t *restrict sum, const uint8_t *restrict input,
                                    const int16_t *restrict gradient, const int32_t *restrict exponent,
                                    uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                    const bnncl_window *restrict window)
{
    const bnncl_narrowing by = bnncl_narrowing_of(alignment, *exponent);
    bnncl_filter_accumulate_i16(sum, input, gradient, &by, (uint8_t *)scratch, window, bnncl_row_product_u8);
}
