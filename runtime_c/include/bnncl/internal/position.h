/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_POSITION_H
#define BNNCL_INTERNAL_POSITION_H

#include "bnncl/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A position of the output: its row, its column, and its number, row by row. */
typedef struct {
    uint32_t y;
    uint32_t x;
    size_t at;
} bnncl_position;

/* Goes on to the next position. */
static inline void bnncl_next_position(bnncl_position *position, const bnncl_window *window)
{
    position->at++;
    position->x++;
    if (position->x == window->out_w) {
        position->x = 0;
        position->y++;
    }
}

/* Whether row `h` and column `w` of the window at `position` are no padding; the input pixel in *pixel. */
static inline bool bnncl_is_inside(const bnncl_position *position, uint32_t h, uint32_t w,
                                   const bnncl_window *window, size_t *pixel)
{
    const uint32_t y = position->y * window->stride_h + h * window->dilation_h;
    const uint32_t x = position->x * window->stride_w + w * window->dilation_w;
    if (y < window->pad_top || x < window->pad_left) {
        return false;
    }
    *pixel = (size_t)(y - window->pad_top) * window->in_w + (x - window->pad_left);
    return y - window->pad_top < window->in_h && x - window->pad_left < window->in_w;
}

#endif
