/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fixed.h"
#include "bnncl/forward.h"
#include "bnncl/internal/forward.h"

#include <stddef.h>

void bnncl_two_sloped_unit_i8(const int8_t *x, const int16_t *slope, const int16_t *positive, int8_t *output,
                              const bnncl_sloped_unit *restrict unit, uint32_t pixels, uint32_t channels)
{
    const int32_t lo = unit->lo;
    const int32_t hi = unit->hi;
    const uint32_t shift = unit->shift;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t taken = x[c] < 0 ? slope[c] : positive[c];
            output[c] = (int8_t)bnncl_saturate32(bnncl_sloped(x[c], taken, shift), lo, hi);
        }
        x += channels;
        output += channels;
    }
}
