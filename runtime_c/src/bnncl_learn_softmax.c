/* SPDX-License-Identifier: 0BSD */
#include "bnncl/softmax.h"

static int32_t bnncl_peak(const int32_t *values, const uint32_t *active, uint32_t classes)
{
    int32_t peak = INT32_MIN;
    for (uint32_t c = 0; c < classes; c++) {
        if (active[c] != 0 && values[c] > peak) {
            peak = values[c];
        }
    }
    return peak;
}

/* Weights are at most 2**15 and their sum is at least 2**15, since the peak has that weight: a weight times
 * 2**15 plus half the sum is below 2**32 for up to 2**16 classes, and a probability at most 2**15. */
void bnncl_learn_softmax(int32_t *restrict values, const uint32_t *restrict active, uint32_t classes,
                         uint32_t multiplier, uint32_t shift)
{
    const uint64_t half = UINT64_C(1) << (shift - 1u);
    const int32_t peak = bnncl_peak(values, active, classes);
    uint32_t total = 0;
    for (uint32_t c = 0; c < classes; c++) {
        const uint32_t distance = (uint32_t)peak - (uint32_t)values[c];
        const uint64_t t = ((uint64_t)distance * multiplier + half) >> shift;
        const uint32_t clipped = t < BNNCL_EXPONENT_MAX ? (uint32_t)t : BNNCL_EXPONENT_MAX;
        const uint32_t weight = active[c] != 0 ? bnncl_exp2_negative(clipped) : 0;
        values[c] = (int32_t)weight;
        total += weight;
    }
    for (uint32_t c = 0; c < classes; c++) {
        values[c] = (int32_t)(((uint32_t)values[c] * BNNCL_PROBABILITY_ONE + total / 2u) / total);
    }
}
