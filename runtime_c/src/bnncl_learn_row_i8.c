/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn_bytes.h"

int32_t bnncl_learn_row_i8(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    return bnncl_row_of_bytes(config, weights, inputs, bnncl_load_i8);
}
