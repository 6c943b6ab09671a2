/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_CONCAT_H
#define BNNCL_CONCAT_H

#include <stdint.h>

/* The channels of two maps of `pixels` pixels, side by side: of each pixel the `x_bytes` bytes of x, then the
 * `y_bytes` bytes of y. x and y may be the same array; output overlaps neither. */
void bnncl_concat(const void *restrict x, const void *restrict y, void *restrict output, uint32_t pixels,
                  uint32_t x_bytes, uint32_t y_bytes);

#endif
