/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/row_lists.h"

/* Lists one row of pixels: an entry for every channel, the row of zeros behind the tap for those that are +1. For
 * the marks see this folder's bnncl/internal/row_part.h. */
static void bnncl_row_build_all(const bnncl_row_lists *lists, const uint32_t *pixel, uint32_t channels)
{
    const uint32_t words = bnncl_words(channels);
    uint32_t *mark = lists->marks + (size_t)lists->row * (lists->width + 1u);
    uint32_t ones = lists->row * lists->room;
    uint32_t *entry = lists->entries + ones;
    uint32_t at = 0;
    for (uint32_t x = 0; x < lists->width; x++) {
        const uint32_t zeros = at + channels * 4u;
        *mark++ = ones;
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t bit = pixel[c / 32u] >> (c % 32u) & 1u;
            *entry++ = zeros ^ ((at ^ zeros) & (0u - bit));
            ones += bit;
            at += 4;
        }
        at += 4;
        pixel += words;
    }
    *mark = ones;
}

uint32_t bnncl_build_lines(bnncl_row_line *line, bnncl_row_lists *lists, const uint32_t *input,
                           const bnncl_window *window, int32_t row_bytes, uint32_t y)
{
    return bnncl_row_lines_by(line, lists, input, window, row_bytes, y, bnncl_row_build_all);
}
