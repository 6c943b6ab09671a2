/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pool.h"
#include "bnncl/pool.h"

static void bnncl_one(const void *input, const void *minimum, void *output, size_t out_at,
                      const bnncl_pool_taps *taps, size_t at)
{
    const int least = ((const uint8_t *)minimum)[at];
    bnncl_store_i16(output, out_at, bnncl_extreme(input, taps, at, least, bnncl_load_i16));
}

void bnncl_maxpool_i16(const int16_t *restrict input, const uint8_t *restrict minimum,
                       int16_t *restrict output, const bnncl_window *restrict window)
{
    bnncl_pool(input, minimum, output, window, window->in_channels, bnncl_one);
}
