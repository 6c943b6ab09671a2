/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_rows.h"

void bnncl_add_rows(const bnncl_rows_work *work)
{
    bnncl_add_groups(work, 0);
}
