/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/signs.h"
#include "bnncl/update.h"

void bnncl_sign_bits_transposed_i16(uint32_t *restrict signs, const int16_t *restrict latent, uint32_t rows,
                                    uint32_t columns)
{
    for (size_t column = 0; column < columns; column++) {
        signs = bnncl_signs_of(signs, latent, column, rows, columns, bnncl_load_i16);
    }
}
