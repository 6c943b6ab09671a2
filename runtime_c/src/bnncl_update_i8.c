/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/update.h"
#include "bnncl/update.h"

void bnncl_update_i8(int8_t *restrict weights, const int32_t *restrict acc, const uint32_t *restrict cursor,
                     const bnncl_update *restrict update, uint32_t count)
{
    bnncl_update_each(weights, acc, cursor, update, count, bnncl_load_i8, bnncl_store_i8);
}
