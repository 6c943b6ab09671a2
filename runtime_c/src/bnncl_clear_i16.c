/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/zeros.h"
#include "bnncl/update.h"

void bnncl_clear_i16(int16_t *restrict state, uint32_t count)
{
    bnncl_zeros_i16(state, count);
}
