/* SPDX-License-Identifier: 0BSD */
#include "bnncl/learn_tail.h"

bool bnncl_tail_within_i16(const int16_t *values, uint32_t count, int32_t low, int32_t high)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] < low || values[i] > high) {
            return false;
        }
    }
    return true;
}
