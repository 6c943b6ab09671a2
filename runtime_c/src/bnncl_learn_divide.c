/* SPDX-License-Identifier: 0BSD */
#include "bnncl/roots.h"

#include <stddef.h>

uint64_t bnncl_learn_divide(uint64_t numerator, uint32_t divisor, uint32_t *rest)
{
    uint64_t quotient = 0;
    uint32_t left = 0;
    for (uint32_t bit = 0; bit < 64; bit++) {
        const uint32_t carry = left >> 31;
        left = (left << 1) | (uint32_t)(numerator >> 63);
        numerator <<= 1;
        quotient <<= 1;
        if (carry != 0 || left >= divisor) {
            left -= divisor;
            quotient |= 1u;
        }
    }
    if (rest != NULL) {
        *rest = left;
    }
    return quotient;
}
