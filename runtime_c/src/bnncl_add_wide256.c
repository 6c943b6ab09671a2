/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_wide.h"

void bnncl_add_wide256(const bnncl_wide_work *work)
{
    bnncl_add_wide(work, 8);
}
