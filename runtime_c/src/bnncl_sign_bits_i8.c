/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/signs.h"
#include "bnncl/update.h"

void bnncl_sign_bits_i8(uint32_t *restrict signs, const int8_t *restrict latent, uint32_t rows,
                        uint32_t channels)
{
    for (size_t row = 0; row < rows; row++) {
        signs = bnncl_signs_of(signs, latent, row * channels, channels, 1, bnncl_load_i8);
    }
}
