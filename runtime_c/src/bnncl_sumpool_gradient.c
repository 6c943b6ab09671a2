/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/pool_gradient.h"

static void bnncl_to_all(const int16_t *x, const void *of, int32_t *output, const bnncl_pool_taps *taps,
                         size_t depth)
{
    (void)of;
    for (uint32_t h = 0; h < taps->rows; h++) {
        size_t from = taps->start + h * taps->row_step;
        for (uint32_t w = 0; w < taps->columns; w++) {
            for (size_t at = 0; at < depth; at++) {
                output[from + at] += x[at];
            }
            from += taps->step;
        }
    }
}

void bnncl_sumpool_gradient(const int16_t *restrict x, int32_t *restrict output,
                            const bnncl_window *restrict window)
{
    bnncl_scatter(x, NULL, output, window, bnncl_to_all);
}
