/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pack.h"
#include "bnncl/pack.h"

void bnncl_unpack_u8(const uint32_t *restrict input, uint8_t *restrict output, uint32_t count, uint32_t bits)
{
    bnncl_unpack_bytes(input, output, count, bits, 0u);
}
