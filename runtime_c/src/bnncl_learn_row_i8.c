/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

int32_t bnncl_learn_row_i8(const bnncl_head_config *config, const int16_t *weights, const void *inputs)
{
    const bnncl_copier copier = bnncl_copier_of(config);
    const int8_t *x = inputs;
    int32_t acc = 0;
    uint32_t n = config->inputs;
    for (; n >= 4; n -= 4) {
        acc += bnncl_forward_copy(&copier, weights[0]) * x[0];
        acc += bnncl_forward_copy(&copier, weights[1]) * x[1];
        acc += bnncl_forward_copy(&copier, weights[2]) * x[2];
        acc += bnncl_forward_copy(&copier, weights[3]) * x[3];
        weights += 4;
        x += 4;
    }
    for (; n > 0; n--) {
        acc += bnncl_forward_copy(&copier, *weights++) * *x++;
    }
    if (config->bias_feature != 0) {
        acc += bnncl_forward_copy(&copier, *weights) * config->bias_feature;
    }
    return acc;
}
