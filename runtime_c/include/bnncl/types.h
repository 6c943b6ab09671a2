/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_TYPES_H
#define BNNCL_TYPES_H

#include <stdint.h>

/* How values are stored.
 *
 * Binary values: 32-bit words, height x width x words, words = ceil(channels / 32) for each pixel. Bit 1
 * means -1, bit 0 means +1; channel c is bit c % 32 of word c / 32. The bits beyond the last channel (tail
 * bits) are 0: kernels rely on it in what they read and keep it in what they write.
 *
 * Integer values: int8_t, uint8_t, int16_t or int32_t, height x width x channels, dense. */

/* A window that slides over a map: sizes in elements, as torch names them. Padding at the bottom and at
 * the right follows from the output's size. */
typedef struct {
    uint32_t in_channels;
    uint32_t out_channels;
    uint16_t in_h;
    uint16_t in_w;
    uint16_t out_h;
    uint16_t out_w;
    uint16_t filter_h;
    uint16_t filter_w;
    uint16_t stride_h;
    uint16_t stride_w;
    uint16_t dilation_h;
    uint16_t dilation_w;
    uint16_t pad_top;
    uint16_t pad_left;
    int8_t pad_value; /* what a padded tap of a binary convolution counts as: +1, -1, or 0: left out */
} bnncl_window;

/* Border classes: output rows (columns) with the same filter taps on padding share a class, and constants
 * that depend on the taps inside are tabulated as [row class][column class]. */
typedef struct {
    const uint8_t *row_class;    /* [out_h], class of each output row */
    const uint8_t *column_class; /* [out_w], class of each output column */
    uint32_t column_classes;     /* number of column classes */
} bnncl_border;

#endif
