/* SPDX-License-Identifier: 0BSD */
#include "bnncl/fixed.h"
#include "bnncl/forward.h"

#include <stddef.h>

void bnncl_channel_affine_i8(const int8_t *x, const int16_t *scale, const int16_t *offset, int8_t *output,
                             const bnncl_channel_affine *restrict affine, uint32_t pixels, uint32_t channels)
{
    const int32_t lo = affine->lo;
    const int32_t hi = affine->hi;
    const uint32_t shift = affine->shift;
    const int32_t half = INT32_C(1) << (shift - 1u);
    const int32_t factor = INT32_C(1) << affine->offset_shift;
    for (size_t pixel = 0; pixel < pixels; pixel++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t sum = x[c] * scale[c] + offset[c] * factor + half;
            output[c] = (int8_t)bnncl_saturate32(bnncl_shift_right_floor32(sum, shift), lo, hi);
        }
        x += channels;
        output += channels;
    }
}
