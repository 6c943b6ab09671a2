/* SPDX-License-Identifier: 0BSD */
#include "bnncl/update.h"

#include <string.h>

void bnncl_copy(void *restrict state, const void *restrict from, uint32_t bytes)
{
    memcpy(state, from, bytes);
}
