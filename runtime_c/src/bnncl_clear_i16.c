/* SPDX-License-Identifier: 0BSD */
#include "bnncl/update.h"

#include <stddef.h>
#include <string.h>

void bnncl_clear_i16(int16_t *restrict state, uint32_t count)
{
    memset(state, 0, (size_t)count * sizeof *state);
}
