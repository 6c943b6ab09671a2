/* SPDX-License-Identifier: 0BSD */
#include "int8_layers.h"

#include <stddef.h>

/* What of a window lies inside the map: filter rows and columns, and the input's first row and column. */
typedef struct {
    uint32_t first;
    uint32_t end;
    uint32_t start;
} span;

static span span_inside(uint32_t out, uint32_t stride, uint32_t pad, uint32_t filter, uint32_t size)
{
    const uint32_t at = out * stride;
    span found;
    found.first = at < pad ? pad - at : 0u;
    found.start = at < pad ? 0u : at - pad;
    found.end = at + filter > size + pad ? size + pad - at : filter;
    return found;
}

static int8_t rescaled(int32_t sum, int32_t multiplier)
{
    const int64_t half = (int64_t)1 << (INT8_SHIFT - 1);
    const int32_t value = (int32_t)(((int64_t)sum * multiplier + half) >> INT8_SHIFT);
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/* Four output channels of one pixel: what the taps of a filter row cover lies side by side in the map. */
static void conv_four(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer,
                      uint32_t o, span rows, span columns)
{
    const size_t filter_row = (size_t)layer->filter_w * layer->in_channels;
    const size_t filter = filter_row * layer->filter_h;
    const size_t run = (size_t)(columns.end - columns.first) * layer->in_channels;
    int32_t sum0 = layer->bias[o];
    int32_t sum1 = layer->bias[o + 1];
    int32_t sum2 = layer->bias[o + 2];
    int32_t sum3 = layer->bias[o + 3];
    for (uint32_t h = rows.first; h < rows.end; h++) {
        const int8_t *a = input + ((size_t)(rows.start + h - rows.first) * layer->in_w + columns.start) *
                                      layer->in_channels;
        const int8_t *b =
            layer->filter + o * filter + h * filter_row + (size_t)columns.first * layer->in_channels;
        for (size_t i = 0; i < run; i++) {
            sum0 += a[i] * b[i];
            sum1 += a[i] * b[i + filter];
            sum2 += a[i] * b[i + 2 * filter];
            sum3 += a[i] * b[i + 3 * filter];
        }
    }
    output[0] = rescaled(sum0, layer->multiplier[o]);
    output[1] = rescaled(sum1, layer->multiplier[o + 1]);
    output[2] = rescaled(sum2, layer->multiplier[o + 2]);
    output[3] = rescaled(sum3, layer->multiplier[o + 3]);
}

static int8_t conv_one(const int8_t *restrict input, const int8_layer *restrict layer, uint32_t o, span rows,
                       span columns)
{
    const size_t filter_row = (size_t)layer->filter_w * layer->in_channels;
    const size_t run = (size_t)(columns.end - columns.first) * layer->in_channels;
    int32_t sum = layer->bias[o];
    for (uint32_t h = rows.first; h < rows.end; h++) {
        const int8_t *a = input + ((size_t)(rows.start + h - rows.first) * layer->in_w + columns.start) *
                                      layer->in_channels;
        const int8_t *b = layer->filter + (o * (size_t)layer->filter_h + h) * filter_row +
                          (size_t)columns.first * layer->in_channels;
        for (size_t i = 0; i < run; i++) {
            sum += a[i] * b[i];
        }
    }
    return rescaled(sum, layer->multiplier[o]);
}

void int8_conv(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer)
{
    for (uint32_t y = 0; y < layer->out_h; y++) {
        const span rows = span_inside(y, layer->stride_h, layer->pad_top, layer->filter_h, layer->in_h);
        for (uint32_t x = 0; x < layer->out_w; x++) {
            const span columns =
                span_inside(x, layer->stride_w, layer->pad_left, layer->filter_w, layer->in_w);
            uint32_t o = 0;
            for (; o + 4 <= layer->out_channels; o += 4) {
                conv_four(input, output, layer, o, rows, columns);
                output += 4;
            }
            for (; o < layer->out_channels; o++) {
                *output++ = conv_one(input, layer, o, rows, columns);
            }
        }
    }
}

void int8_maxpool(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer)
{
    const size_t channels = layer->in_channels;
    for (uint32_t y = 0; y < layer->out_h; y++) {
        const span rows = span_inside(y, layer->stride_h, layer->pad_top, layer->filter_h, layer->in_h);
        for (uint32_t x = 0; x < layer->out_w; x++) {
            const span columns =
                span_inside(x, layer->stride_w, layer->pad_left, layer->filter_w, layer->in_w);
            for (size_t c = 0; c < channels; c++) {
                int8_t most = -128;
                for (uint32_t h = rows.first; h < rows.end; h++) {
                    const size_t row = (size_t)(rows.start + h - rows.first) * layer->in_w + columns.start;
                    for (uint32_t w = 0; w < columns.end - columns.first; w++) {
                        const int8_t value = input[(row + w) * channels + c];
                        most = value > most ? value : most;
                    }
                }
                *output++ = most;
            }
        }
    }
}

void int8_sumpool(const int8_t *restrict input, int8_t *restrict output, const int8_layer *restrict layer)
{
    const size_t channels = layer->in_channels;
    for (uint32_t y = 0; y < layer->out_h; y++) {
        const span rows = span_inside(y, layer->stride_h, layer->pad_top, layer->filter_h, layer->in_h);
        for (uint32_t x = 0; x < layer->out_w; x++) {
            const span columns =
                span_inside(x, layer->stride_w, layer->pad_left, layer->filter_w, layer->in_w);
            for (size_t c = 0; c < channels; c++) {
                int32_t sum = 0;
                for (uint32_t h = rows.first; h < rows.end; h++) {
                    const size_t row = (size_t)(rows.start + h - rows.first) * layer->in_w + columns.start;
                    for (uint32_t w = 0; w < columns.end - columns.first; w++) {
                        sum += input[(row + w) * channels + c];
                    }
                }
                *output++ = rescaled(sum, layer->multiplier[c]);
            }
        }
    }
}
