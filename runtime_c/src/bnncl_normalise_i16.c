/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

void bnncl_normalise_i16(const int16_t *x, const int32_t *x_exponent, const int32_t *exponent,
                         int16_t *output, int32_t bias, uint32_t bits, uint32_t count)
{
    const bnncl_shift shift = bnncl_normaliser(x_exponent, exponent, bias, bits);
    for (size_t i = 0; i < count; i++) {
        output[i] = (int16_t)bnncl_shifted(&shift, x[i]);
    }
}
