/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/pool.h"
#include "bnncl/pool.h"

/* The sum of n signs is n minus twice the number of ones, counted channel by channel. */
static int32_t bnncl_sum_of_bit(const uint32_t *words, const bnncl_pool_taps *taps, uint32_t bit)
{
    uint32_t ones = 0;
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step;
        for (uint32_t w = 0; w < taps->columns; w++) {
            ones += (words[from] >> bit) & 1u;
            from += taps->step;
        }
    }
    return (int32_t)(taps->rows * taps->columns) - 2 * (int32_t)ones;
}

void bnncl_sumpool_bits(const uint32_t *restrict input, int32_t *restrict output,
                        const bnncl_window *restrict window)
{
    const uint32_t channels = window->in_channels;
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_pool_taps taps = bnncl_pool_taps_of(window, rows, x, bnncl_words(channels));
            for (uint32_t c = 0; c < channels; c++) {
                *output++ = bnncl_sum_of_bit(input + c / 32u, &taps, c % 32u);
            }
        }
    }
}
