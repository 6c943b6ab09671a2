/* SPDX-License-Identifier: 0BSD */
#include "float_tail.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = TAIL_CHANNELS, SIZE = TAIL_SIZE, PIXELS = TAIL_SIZE * TAIL_SIZE };

static void signs_of(float *restrict signs, const float *restrict numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        signs[i] = numbers[i] >= 0.0f ? 1.0f : -1.0f;
    }
}

void float_tail_init(float_tail *tail)
{
    for (size_t b = 0; b < TAIL_BLOCKS; b++) {
        float_block *block = &tail->blocks[b];
        memcpy(block->latent, tail_filters[b], sizeof block->latent);
        signs_of(block->sign, block->latent, TAIL_FILTER);
        memcpy(block->parameters.scale, tail_scales[b], sizeof block->parameters.scale);
        memcpy(block->parameters.offset, tail_offsets[b], sizeof block->parameters.offset);
        memcpy(block->parameters.slope, tail_slopes[b], sizeof block->parameters.slope);
        memcpy(block->parameters.at, tail_at[b], sizeof block->parameters.at);
        memcpy(block->mean, tail_means[b], sizeof block->mean);
        memcpy(block->inverse, tail_inverses[b], sizeof block->inverse);
        for (size_t i = 0; i < TAIL_SIDE * TAIL_SIDE * TAIL_CHANNELS; i++) {
            block->input[i] = 1.0f;
        }
    }
    memcpy(tail->shortcut_mean, tail_shortcut_mean, sizeof tail->shortcut_mean);
    memcpy(tail->shortcut_slope, tail_shortcut_slope, sizeof tail->shortcut_slope);
    memcpy(tail->weights, tail_rows, sizeof tail->weights);
}

/* Where a block's input has the pixel, inside the border. */
static size_t inside(size_t y, size_t x)
{
    return ((y + TAIL_BORDER) * TAIL_SIDE + x + TAIL_BORDER) * CHANNELS;
}

static void take_bits(float *restrict input, const uint32_t *restrict latent)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            float *pixel = input + inside(y, x);
            for (size_t w = 0; w < CHANNELS / 32; w++) {
                uint32_t bits = *latent++;
                for (size_t i = 0; i < 32; i++, bits >>= 1) {
                    *pixel++ = (bits & 1u) != 0 ? -1.0f : 1.0f;
                }
            }
        }
    }
}

static void take_signs(float *restrict input, const float *restrict numbers, const float *restrict at)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            float *pixel = input + inside(y, x);
            for (size_t c = 0; c < CHANNELS; c++) {
                pixel[c] = *numbers++ + at[c] >= 0.0f ? 1.0f : -1.0f;
            }
        }
    }
}

/* The bits of the first block as its shortcut has them, into `numbers`. */
static void real_bits(float *restrict numbers, const float_tail *tail)
{
    for (size_t y = 0; y < SIZE; y++) {
        for (size_t x = 0; x < SIZE; x++) {
            const float *pixel = tail->blocks[0].input + inside(y, x);
            for (size_t c = 0; c < CHANNELS; c++) {
                *numbers++ = tail->shortcut_mean[c] + tail->shortcut_slope[c] * pixel[c];
            }
        }
    }
}

/* What stands behind the convolution; channel by channel, so that its parameters are loaded once. */
static void normalise_add_slope(float_block *block, const float *shortcut)
{
    for (size_t c = 0; c < CHANNELS; c++) {
        const float factor = block->parameters.scale[c] * block->inverse[c];
        const float offset = block->parameters.offset[c] - block->mean[c] * factor;
        const float slope = block->parameters.slope[c];
        for (size_t i = c; i < TAIL_NUMBERS; i += CHANNELS) {
            const float sum = block->conv[i] * factor + offset + shortcut[i];
            block->sloped[i] = sum;
            block->output[i] = sum < 0.0f ? sum * slope : sum;
        }
    }
}

void float_tail_forward(float_tail *tail, size_t block, const uint32_t *latent)
{
    float_block *here = &tail->blocks[block];
    const float *shortcut = tail->gradient;
    if (block == 0) {
        take_bits(here->input, latent);
        real_bits(tail->gradient, tail);
    } else {
        shortcut = here[-1].output;
        take_signs(here->input, shortcut, here->parameters.at);
    }
    float_forward(here->input, here->sign, here->conv);
    normalise_add_slope(here, shortcut);
}

static void softmax(float *p)
{
    float peak = p[0];
    float total = 0.0f;
    for (size_t k = 1; k < TAIL_CLASSES; k++) {
        peak = p[k] > peak ? p[k] : peak;
    }
    for (size_t k = 0; k < TAIL_CLASSES; k++) {
        p[k] = expf(p[k] - peak);
        total += p[k];
    }
    const float scale = 1.0f / total;
    for (size_t k = 0; k < TAIL_CLASSES; k++) {
        p[k] *= scale;
    }
}

/* Means of the channels and the probabilities of the classes. */
static void classify(float_tail *tail)
{
    const float *output = tail->blocks[TAIL_BLOCKS - 1].output;
    for (size_t c = 0; c < CHANNELS; c++) {
        float sum = 0.0f;
        for (size_t i = c; i < TAIL_NUMBERS; i += CHANNELS) {
            sum += output[i];
        }
        tail->features[c] = sum * (1.0f / PIXELS);
    }
    for (size_t k = 0; k < TAIL_CLASSES; k++) {
        float sum = 0.0f;
        for (size_t c = 0; c < CHANNELS; c++) {
            sum += tail->weights[k][c] * tail->features[c];
        }
        tail->p[k] = sum;
    }
    softmax(tail->p);
}

void float_tail_head(float_tail *tail, uint32_t label)
{
    classify(tail);
    tail->p[label] -= 1.0f;
    for (size_t c = 0; c < CHANNELS; c++) {
        const float feature = tail->features[c];
        float sum = 0.0f;
        for (size_t k = 0; k < TAIL_CLASSES; k++) {
            sum += tail->p[k] * tail->weights[k][c];
            tail->sums[k][c] += tail->p[k] * feature;
        }
        const float share = sum * (1.0f / PIXELS);
        for (size_t i = c; i < TAIL_NUMBERS; i += CHANNELS) {
            tail->gradient[i] = share;
        }
    }
}

/* From the gradient of a block's output to that of its sums, and what its parameters get. */
static void back_to_sums(float_tail *tail, float_block *block)
{
    for (size_t c = 0; c < CHANNELS; c++) {
        const float factor = block->parameters.scale[c] * block->inverse[c];
        const float slope = block->parameters.slope[c];
        float of_slope = 0.0f;
        float of_offset = 0.0f;
        float of_scale = 0.0f;
        for (size_t i = c; i < TAIL_NUMBERS; i += CHANNELS) {
            float d = tail->gradient[i];
            const float sum = block->sloped[i];
            if (sum < 0.0f) {
                of_slope += d * sum;
                d *= slope;
                tail->gradient[i] = d;
            }
            of_offset += d;
            of_scale += d * block->conv[i];
            tail->of_conv[i] = d * factor;
        }
        block->sums.slope[c] += of_slope;
        block->sums.offset[c] += of_offset;
        block->sums.scale[c] += (of_scale - block->mean[c] * of_offset) * block->inverse[c];
    }
}

void float_tail_filter_gradient(float_tail *tail, size_t block)
{
    float_block *here = &tail->blocks[block];
    back_to_sums(tail, here);
    float_filter_gradient(here->sum, here->input, tail->of_conv);
}

void float_tail_input_gradient(float_tail *tail, size_t block)
{
    float_block *here = &tail->blocks[block];
    const float *numbers = here[-1].output;
    float *of_input = tail->of_input;
    float_input_gradient(tail->of_conv, here->sign, of_input);
    for (size_t c = 0; c < CHANNELS; c++) {
        const float at = here->parameters.at[c];
        float of_at = 0.0f;
        for (size_t i = c; i < TAIL_NUMBERS; i += CHANNELS) {
            if (fabsf(numbers[i] + at) <= 1.0f) {
                of_at += of_input[i];
                tail->gradient[i] += of_input[i];
            }
        }
        here->sums.at[c] += of_at;
    }
}

static void descend(float *restrict numbers, float *restrict sums, size_t count, float step)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] -= step * sums[i];
        sums[i] = 0.0f;
    }
}

static void descend_filter(float_block *block, float step)
{
    for (size_t i = 0; i < TAIL_FILTER; i++) {
        float number = block->latent[i] - step * block->sum[i];
        number = number > 1.0f ? 1.0f : number;
        number = number < -1.0f ? -1.0f : number;
        block->latent[i] = number;
        block->sign[i] = number >= 0.0f ? 1.0f : -1.0f;
        block->sum[i] = 0.0f;
    }
}

void float_tail_update(float_tail *tail, float head_rate, float rate, uint32_t samples)
{
    const float step = rate / (float)samples;
    descend(&tail->weights[0][0], &tail->sums[0][0], TAIL_CLASSES * CHANNELS, head_rate / (float)samples);
    for (size_t b = 0; b < TAIL_BLOCKS; b++) {
        float_block *block = &tail->blocks[b];
        descend_filter(block, step);
        descend(block->parameters.scale, block->sums.scale, CHANNELS, step);
        descend(block->parameters.offset, block->sums.offset, CHANNELS, step);
        descend(block->parameters.slope, block->sums.slope, CHANNELS, step);
        if (b > 0) {
            descend(block->parameters.at, block->sums.at, CHANNELS, step);
        }
    }
}
