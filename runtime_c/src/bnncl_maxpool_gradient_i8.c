/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/pool_gradient.h"

static void bnncl_one(const int16_t *x, const void *of, int32_t *output, const bnncl_pool_taps *taps,
                      size_t depth)
{
    bnncl_to_largest(x, of, output, taps, depth, bnncl_load_i8);
}

void bnncl_maxpool_gradient_i8(const int16_t *restrict x, const int8_t *restrict of, int32_t *restrict output,
                               const bnncl_window *restrict window)
{
    bnncl_scatter(x, of, output, window, bnncl_one);
}
