/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/update.h"
#include "bnncl/update.h"

void bnncl_update_i8_i16(int8_t *restrict weights, const int16_t *restrict acc,
                         const uint32_t *restrict cursor, const bnncl_update *restrict update, uint32_t count)
{
    const bnncl_learn_rate rate = bnncl_update_rate(update, cursor);
    bnncl_update_each(rate, weights, acc, count, bnncl_load_i8, bnncl_store_i8, bnncl_load_i16);
    if (update->sign != 0) {
        bnncl_update_signs(weights, update->limit, count, bnncl_load_i8, bnncl_store_i8);
    }
}
