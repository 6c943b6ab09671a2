/* SPDX-License-Identifier: 0BSD */
#ifndef FLOAT_CONV_H
#define FLOAT_CONV_H

#include "tail_count.h"

/* The convolution of tail_case.h in float32, as one would write it without bnncl: what the integers are held against.
 *
 *   input              [TAIL_SIDE][TAIL_SIDE][TAIL_CHANNELS], the map within a border of TAIL_BORDER pixels
 *   output, gradient   [TAIL_SIZE][TAIL_SIZE][TAIL_CHANNELS]
 *   filter, sum        [TAIL_CHANNELS][TAIL_TAPS][TAIL_CHANNELS]
 *
 * Four output channels at a time, so that what they share is loaded once. TAIL_CHANNELS is a multiple of 4. */

/* The convolution; where it has no border (TAIL_BORDER is 0 or 1), the map is padded by zeros. */
void float_forward(const float *restrict input, const float *restrict filter, float *restrict output);

/* Gradient of the input without its border, into `output`. */
void float_input_gradient(const float *restrict gradient, const float *restrict filter,
                          float *restrict output);

/* Adds the gradient of the filter to `sum`. */
void float_filter_gradient(float *restrict sum, const float *restrict input, const float *restrict gradient);

#endif
