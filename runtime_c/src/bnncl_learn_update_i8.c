/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn_bytes.h"

void bnncl_learn_update_i8(const bnncl_head_config *config, const bnncl_learn_rate *rate, int16_t *weights,
                           const int16_t *deltas, const void *inputs, uint32_t samples)
{
    bnncl_update_of_bytes(config, rate, weights, deltas, inputs, samples, bnncl_load_i8);
}
