/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/planes.h"
#include "bnncl/internal/pool.h"
#include "bnncl/pool.h"

/* The sum of n signs is n minus twice the number of ones. Those of 32 channels are counted at once, by counters
 * whose bits lie in words of their own. */
enum { BNNCL_SUMPOOL_PLANES = 32 };

/* Bits that hold every number up to `most`. */
static uint32_t bnncl_planes_for(uint32_t most)
{
    uint32_t planes = 0;
    for (; most != 0; most >>= 1) {
        planes++;
    }
    return planes;
}

static void bnncl_count_ones(uint32_t *planes, uint32_t count, const uint32_t *words,
                             const bnncl_pool_taps *taps)
{
    for (uint32_t k = 0; k < count; k++) {
        planes[k] = 0;
    }
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step;
        for (uint32_t w = 0; w < taps->columns; w++) {
            bnncl_count_bits(planes, count, words[from]);
            from += taps->step;
        }
    }
}

void bnncl_sumpool_bits(const uint32_t *restrict input, int32_t *restrict output,
                        const bnncl_window *restrict window)
{
    const uint32_t channels = window->in_channels;
    uint32_t planes[BNNCL_SUMPOOL_PLANES];
    for (uint32_t y = 0; y < window->out_h; y++) {
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            const bnncl_pool_taps taps = bnncl_pool_taps_of(window, rows, x, bnncl_words(channels));
            const uint32_t inside = taps.rows * taps.columns;
            const uint32_t count = bnncl_planes_for(inside);
            for (uint32_t first = 0; first < channels; first += 32) {
                const uint32_t left = channels - first;
                bnncl_count_ones(planes, count, input + first / 32u, &taps);
                for (uint32_t c = 0; c < (left < 32 ? left : 32); c++) {
                    const uint32_t ones = bnncl_counter_of(planes, count, c);
                    *output++ = (int32_t)inside - 2 * (int32_t)ones;
                }
            }
        }
    }
}
