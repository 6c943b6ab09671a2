/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/row_lists.h"

uint32_t bnncl_build_lines(bnncl_row_line *line, bnncl_row_lists *lists, const uint32_t *input,
                           const bnncl_window *window, int32_t row_bytes, uint32_t y)
{
    return bnncl_row_lines(line, lists, input, window, row_bytes, y);
}
