/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn_row_bits.h"

int32_t bnncl_learn_row_bits(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    return bnncl_sum_of_copies(&copier, weights, inputs, config->inputs) +
           bnncl_bias_of_row(config, &copier, weights);
}
