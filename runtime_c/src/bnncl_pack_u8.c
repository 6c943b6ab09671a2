/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pack.h"
#include "bnncl/pack.h"

void bnncl_pack_u8(const uint8_t *restrict input, uint32_t *restrict output, uint32_t count, uint32_t bits)
{
    bnncl_pack_bytes(input, output, count, bits);
}
