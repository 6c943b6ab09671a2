/* SPDX-License-Identifier: 0BSD */
#ifndef INT8_LAYERS_H
#define INT8_LAYERS_H

#include <stdint.h>

/* Layers of an int8 network in plain C: what a careful programmer writes without SIMD. Maps are height x width x
 * channels, zero points are 0, every channel has a multiplier of its own. */

typedef struct {
    uint16_t in_h;
    uint16_t in_w;
    uint16_t in_channels;
    uint16_t out_h;
    uint16_t out_w;
    uint16_t out_channels;
    uint16_t filter_h;
    uint16_t filter_w;
    uint16_t stride_h;
    uint16_t stride_w;
    uint16_t pad_top;
    uint16_t pad_left;
    const int8_t *filter;      /* [out_channels][filter_h][filter_w][in_channels]; convolutions only */
    const int32_t *bias;       /* [out_channels]; convolutions only */
    const int32_t *multiplier; /* [out_channels], of 2**-INT8_SHIFT; not for the max pool */
} int8_layer;

enum { INT8_SHIFT = 24 };

/* output = clamp(round((bias + sum of x * w) * multiplier / 2**INT8_SHIFT)); padding is zeros. */
void int8_conv(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer);

/* Largest of each window; padding takes no part. */
void int8_maxpool(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer);

/* output = clamp(round(sum * multiplier / 2**INT8_SHIFT)); padding is zeros. */
void int8_sumpool(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer);

#endif
