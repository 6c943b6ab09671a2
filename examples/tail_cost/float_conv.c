/* SPDX-License-Identifier: 0BSD */
#include "float_conv.h"

#include <string.h>

enum {
    CHANNELS = TAIL_CHANNELS,
    SIZE = TAIL_SIZE,
    BORDER = TAIL_BORDER,
    SIDE = SIZE + 2 * BORDER,
    FILTER = TAIL_TAPS * TAIL_CHANNELS
};

/* The taps of one axis that read no zero of the padding at output position `at`: tap t reads position at + t - 1. */
static size_t first_tap(size_t at, size_t border)
{
    return border == 0 && at == 0 ? 1 : 0;
}

static size_t end_tap(size_t at, size_t border)
{
    return border == 0 && at == SIZE - 1 ? 2 : 3;
}

static size_t pixel_at(size_t y, size_t x)
{
    return (y * SIZE + x) * CHANNELS;
}

/* Where in the input, with its border, the pixel is that tap (h, w) reads at output position (y, x). */
static size_t input_at(size_t y, size_t x, size_t h, size_t w)
{
    return ((y + h + BORDER - 1) * SIDE + x + w + BORDER - 1) * CHANNELS;
}

static void forward_pixel(const float *restrict input, const float *restrict filter, float *restrict output,
                          size_t y, size_t x)
{
    for (size_t o = 0; o < CHANNELS; o += 4) {
        float sum0 = 0.0f;
        float sum1 = 0.0f;
        float sum2 = 0.0f;
        float sum3 = 0.0f;
        for (size_t h = first_tap(y, BORDER); h < end_tap(y, BORDER); h++) {
            for (size_t w = first_tap(x, BORDER); w < end_tap(x, BORDER); w++) {
                const float *a = input + input_at(y, x, h, w);
                const float *b = filter + o * FILTER + (h * 3 + w) * CHANNELS;
                for (size_t i = 0; i < CHANNELS; i++) {
                    sum0 += a[i] * b[i];
                    sum1 += a[i] * b[i + FILTER];
                    sum2 += a[i] * b[i + 2 * FILTER];
                    sum3 += a[i] * b[i + 3 * FILTER];
                }
            }
        }
        output[o] = sum0;
        output[o + 1] = sum1;
        output[o + 2] = sum2;
        output[o + 3] = sum3;
    }
}

void float_forward(const float *restrict input, const float *restrict filter, float *restrict output)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            forward_pixel(input, filter, output + pixel_at(y, x), y, x);
        }
    }
}

/* What one output pixel's gradient gives to the input pixel under a tap; `filter` is the tap of output channel 0. */
static void spread(const float *restrict gradient, const float *restrict filter, float *restrict output)
{
    for (size_t o = 0; o < CHANNELS; o += 4) {
        const float d0 = gradient[o];
        const float d1 = gradient[o + 1];
        const float d2 = gradient[o + 2];
        const float d3 = gradient[o + 3];
        const float *b = filter + o * FILTER;
        for (size_t i = 0; i < CHANNELS; i++) {
            float sum = output[i];
            sum += d0 * b[i];
            sum += d1 * b[i + FILTER];
            sum += d2 * b[i + 2 * FILTER];
            sum += d3 * b[i + 3 * FILTER];
            output[i] = sum;
        }
    }
}

void float_input_gradient(const float *restrict gradient, const float *restrict filter,
                          float *restrict output)
{
    memset(output, 0, TAIL_NUMBERS * sizeof *output);
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            for (size_t h = first_tap(y, 0); h < end_tap(y, 0); h++) {
                for (size_t w = first_tap(x, 0); w < end_tap(x, 0); w++) {
                    spread(gradient + pixel_at(y, x), filter + (h * 3 + w) * CHANNELS,
                           output + pixel_at(y + h - 1, x + w - 1));
                }
            }
        }
    }
}

/* What one output pixel adds to the filters under a tap; `sum` is the tap of output channel 0. */
static void add_products(float *restrict sum, const float *restrict input, const float *restrict gradient)
{
    for (size_t o = 0; o < CHANNELS; o += 4) {
        const float d0 = gradient[o];
        const float d1 = gradient[o + 1];
        const float d2 = gradient[o + 2];
        const float d3 = gradient[o + 3];
        float *s = sum + o * FILTER;
        for (size_t i = 0; i < CHANNELS; i++) {
            const float a = input[i];
            s[i] += d0 * a;
            s[i + FILTER] += d1 * a;
            s[i + 2 * FILTER] += d2 * a;
            s[i + 3 * FILTER] += d3 * a;
        }
    }
}

void float_filter_gradient(float *restrict sum, const float *restrict input, const float *restrict gradient)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            for (size_t h = first_tap(y, BORDER); h < end_tap(y, BORDER); h++) {
                for (size_t w = first_tap(x, BORDER); w < end_tap(x, BORDER); w++) {
                    add_products(sum + (h * 3 + w) * CHANNELS, input + input_at(y, x, h, w),
                                 gradient + pixel_at(y, x));
                }
            }
        }
    }
}
