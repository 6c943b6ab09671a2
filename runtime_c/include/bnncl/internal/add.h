/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ADD_H
#define BNNCL_INTERNAL_ADD_H

#include "bnncl/add.h"
#include "bnncl/fixed.h"
#include "bnncl/internal/element.h"

#include <stddef.h>
#include <stdint.h>

static inline void bnncl_add_each(const void *x, const void *y, void *output, const bnncl_add *add,
                                  uint32_t pixels, uint32_t channels, bnncl_load load_x, bnncl_load load_y,
                                  bnncl_store store)
{
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t sum =
                load_x(x, at) * add->x_multiplier[c] + load_y(y, at) * add->y_multiplier[c] + add->bias[c];
            const int32_t q = bnncl_shift_right_floor32(sum, add->shift[c]);
            store(output, at, bnncl_saturate(q, add->lo, add->hi));
            at++;
        }
    }
}

#endif
