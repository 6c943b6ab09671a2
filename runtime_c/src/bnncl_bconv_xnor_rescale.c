/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/internal/bconv_xnor.h"

void bnncl_bconv_xnor_rescale(const uint32_t *restrict input, const uint32_t *restrict filter,
                              void *restrict output, uint32_t *restrict scratch,
                              const bnncl_rescale *restrict rescale, const bnncl_window *restrict window)
{
    bnncl_bconv_xnor(input, filter, output, scratch, window, bnncl_sink_rescale, rescale);
}
