/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/internal/pool.h"
#include "bnncl/pool.h"

/* With bit 1 = -1 the largest of some signs is the AND of their bits. The least is minus the largest of the
 * negated: complement the bits on the way in and out. */
static void bnncl_one(const void *input, const void *minimum, void *output, size_t out_at,
                      const bnncl_pool_taps *taps, size_t at)
{
    const uint32_t *words = input;
    const uint32_t flip = ((const uint32_t *)minimum)[at];
    uint32_t all = 0xFFFFFFFFu;
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step + at;
        for (uint32_t w = 0; w < taps->columns; w++) {
            all &= words[from] ^ flip;
            from += taps->step;
        }
    }
    ((uint32_t *)output)[out_at] = all ^ flip;
}

void bnncl_maxpool_bits(const uint32_t *restrict input, const uint32_t *restrict minimum,
                        uint32_t *restrict output, const bnncl_window *restrict window)
{
    bnncl_pool(input, minimum, output, window, bnncl_words(window->in_channels), bnncl_one);
}
