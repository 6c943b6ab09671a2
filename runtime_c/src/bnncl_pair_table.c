/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

void bnncl_pair_table(bnncl_two *table, const bnncl_two *v)
{
    bnncl_make_pair_table(table, v);
}
