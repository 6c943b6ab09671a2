/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/zeros.h"
#include "bnncl/update.h"

void bnncl_clear(int32_t *restrict state, uint32_t count)
{
    bnncl_zeros(state, count);
}
