/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"

void bnncl_fixed_exponent(int32_t *restrict output, int32_t exponent)
{
    *output = exponent;
}
