/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pool.h"
#include "bnncl/pool.h"

static void bnncl_one(const void *input, const void *minimum, void *output, size_t out_at,
                      const bnncl_pool_taps *taps, size_t at)
{
    (void)minimum;
    bnncl_store_i32(output, out_at, bnncl_pool_sum(input, taps, at, bnncl_load_i8));
}

void bnncl_sumpool_i8(const int8_t *restrict input, int32_t *restrict output,
                      const bnncl_window *restrict window)
{
    bnncl_pool(input, NULL, output, window, window->in_channels, bnncl_one);
}
