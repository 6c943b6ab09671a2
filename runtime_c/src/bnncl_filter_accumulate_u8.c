/* SPDX-License-Identifier: 0BSD */
#include "bnncl/filter.h"
#include "bnncl/internal/filter_accumulate.h"

void bnncl_filter_accumulate_u8(int32_t *restrict sum, const uint8_t *restrict input,
                                const int16_t *restrict gradient, const int32_t *restrict exponent,
                                uint32_t *restrict scratch, const bnncl_alignment *restrict alignment,
                                const bnncl_window *restrict window)
{
    const bnncl_shift shift = bnncl_shift_of(alignment->exponent - *exponent, alignment->limit);
    bnncl_filter_accumulate((uint32_t *)sum, input, gradient, &shift, (uint8_t *)scratch, window,
                            bnncl_row_product_u8);
}
