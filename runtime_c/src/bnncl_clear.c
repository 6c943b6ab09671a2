/* SPDX-License-Identifier: 0BSD */
#include "bnncl/update.h"

#include <string.h>

void bnncl_clear(void *restrict state, uint32_t bytes)
{
    memset(state, 0, bytes);
}
