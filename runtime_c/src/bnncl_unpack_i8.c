/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pack.h"
#include "bnncl/pack.h"

void bnncl_unpack_i8(const uint32_t *restrict input, int8_t *restrict output, uint32_t count, uint32_t bits)
{
    bnncl_unpack_bytes(input, (uint8_t *)output, count, bits, 1u << (bits - 1u));
}
