/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/fixed.h"
#include "bnncl/internal/zeros.h"

#include <stddef.h>

/* Class by class; one without a gradient, such as one that is not known, costs nothing. */
void bnncl_head_input_gradient(const int16_t *restrict delta, const int16_t *restrict weights,
                               int32_t *restrict output, const bnncl_head_copies *restrict copies)
{
    const int32_t half = (INT32_C(1) << copies->drop) / 2;
    const int32_t lo = copies->lo;
    const int32_t hi = copies->hi;
    const uint32_t drop = copies->drop;
    const uint32_t outputs = copies->outputs;
    bnncl_zeros(output, outputs);
    for (uint32_t class = 0; class < copies->classes; class ++) {
        const int32_t factor = delta[class];
        for (uint32_t f = 0; factor != 0 && f < outputs; f++) {
            const int32_t copy = bnncl_shift_right_floor32(weights[f] + half, drop);
            output[f] += factor * bnncl_saturate32(copy, lo, hi);
        }
        weights += copies->features;
    }
}
