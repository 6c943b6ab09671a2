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
    const int32_t lo = add->lo;
    const int32_t hi = add->hi;
    size_t at = 0;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        const int32_t *of_x = add->x_multiplier;
        const int32_t *of_y = add->y_multiplier;
        const int32_t *bias = add->bias;
        const uint8_t *shift = add->shift;
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t sum = load_x(x, at) * of_x[c] + load_y(y, at) * of_y[c] + bias[c];
            store(output, at, bnncl_saturate32(bnncl_shift_right_floor32(sum, shift[c]), lo, hi));
            at++;
        }
    }
}

#endif
