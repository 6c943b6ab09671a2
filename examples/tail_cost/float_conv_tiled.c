/* SPDX-License-Identifier: 0BSD */
/* The convolution of float_conv.h as one writes it for speed: 4 x 4 sums at a time stay in registers. TAIL_BORDER is 1,
 * TAIL_SIZE a multiple of 4. */
#include "float_conv.h"

#include <string.h>

enum { CHANNELS = TAIL_CHANNELS, SIZE = TAIL_SIZE, SIDE = TAIL_SIDE, FILTER = TAIL_TAPS * TAIL_CHANNELS };

typedef struct {
    float of[4][4];
} sums;

/* Adds the products of four numbers `a`, `a_stride` apart, and four `b`. */
static inline void add_products(sums *s, const float *a, size_t a_stride, const float *b, size_t b_stride)
{
    const float b0 = b[0];
    const float b1 = b[b_stride];
    const float b2 = b[2 * b_stride];
    const float b3 = b[3 * b_stride];
    for (size_t k = 0; k < 4; k++) {
        const float number = a[k * a_stride];
        s->of[k][0] += number * b0;
        s->of[k][1] += number * b1;
        s->of[k][2] += number * b2;
        s->of[k][3] += number * b3;
    }
}

/* Four pixels of a row, each with four channels that are neighbours. */
static inline void put(float *pixels, const sums *s)
{
    for (size_t k = 0; k < 4; k++) {
        for (size_t j = 0; j < 4; j++) {
            pixels[k * CHANNELS + j] = s->of[k][j];
        }
    }
}

/* Four pixels from (y, x) on by four output channels from `filter` on. */
static void forward_tile(const float *restrict input, const float *restrict filter, float *restrict output,
                         size_t y, size_t x)
{
    sums s = {{{0.0f}}};
    for (size_t h = 0; h < 3; h++) {
        const float *a = input + ((y + h) * SIDE + x) * CHANNELS;
        const float *b = filter + h * 3 * CHANNELS;
        /* The taps of a row are neighbours in both. */
        for (size_t i = 0; i < 3 * CHANNELS; i++) {
            add_products(&s, a + i, CHANNELS, b + i, FILTER);
        }
    }
    put(output, &s);
}

void float_forward(const float *restrict input, const float *restrict filter, float *restrict output)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x += 4) {
            for (size_t o = 0; o < CHANNELS; o += 4) {
                forward_tile(input, filter + o * FILTER, output + (y * SIZE + x) * CHANNELS + o, y, x);
            }
        }
    }
}

/* Four pixels from (y, x) on by the four input channels from `filter` on. */
static void back_tile(const float *restrict gradient, const float *restrict filter, float *restrict output,
                      size_t y, size_t x)
{
    sums s = {{{0.0f}}};
    for (size_t h = 0; h < 3; h++) {
        for (size_t w = 0; w < 3; w++) {
            const float *d = gradient + ((y + 2 - h) * SIDE + x + 2 - w) * CHANNELS;
            const float *b = filter + (h * 3 + w) * CHANNELS;
            for (size_t o = 0; o < CHANNELS; o++) {
                add_products(&s, d + o, CHANNELS, b + o * FILTER, 1);
            }
        }
    }
    put(output, &s);
}

void float_input_gradient(const float *restrict gradient, const float *restrict filter,
                          float *restrict output)
{
    static float within_zeros[SIDE * SIDE * CHANNELS];
    for (size_t y = 0; y < SIZE; y++) {
        memcpy(within_zeros + ((y + 1) * SIDE + 1) * CHANNELS, gradient + y * SIZE * CHANNELS,
               SIZE * CHANNELS * sizeof *gradient);
    }
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x += 4) {
            for (size_t i = 0; i < CHANNELS; i += 4) {
                back_tile(within_zeros, filter + i, output + (y * SIZE + x) * CHANNELS + i, y, x);
            }
        }
    }
}

/* Four output channels from `gradient` on by four input channels from `input` on, under one tap. */
static void filter_tile(float *restrict sum, const float *restrict input, const float *restrict gradient)
{
    sums s = {{{0.0f}}};
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            add_products(&s, gradient + (y * SIZE + x) * CHANNELS, 1, input + (y * SIDE + x) * CHANNELS, 1);
        }
    }
    for (size_t k = 0; k < 4; k++) {
        for (size_t j = 0; j < 4; j++) {
            sum[k * FILTER + j] += s.of[k][j];
        }
    }
}

void float_filter_gradient(float *restrict sum, const float *restrict input, const float *restrict gradient)
{
    for (size_t o = 0; o < CHANNELS; o += 4) {
        for (size_t tap = 0; tap < TAIL_TAPS; tap++) {
            for (size_t i = 0; i < CHANNELS; i += 4) {
                filter_tile(sum + o * FILTER + tap * CHANNELS + i,
                            input + (tap / 3 * SIDE + tap % 3) * CHANNELS + i, gradient + o);
            }
        }
    }
}
