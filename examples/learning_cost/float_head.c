/* SPDX-License-Identifier: 0BSD */
#include "float_head.h"

#include <math.h>
#include <string.h>

static void expand(float *features, const uint32_t *latent)
{
    for (size_t i = 0; i < COST_INPUTS; i++) {
        features[i] = ((latent[i / 32u] >> (i % 32u)) & 1u) != 0 ? -1.0f : 1.0f;
    }
    features[COST_INPUTS] = 1.0f;
}

/* Four sums, so that an addition need not wait for the one before. */
static float dot(const float *restrict a, const float *restrict b)
{
    float sum0 = 0.0f;
    float sum1 = 0.0f;
    float sum2 = 0.0f;
    float sum3 = 0.0f;
    size_t i = 0;
    for (; i + 4 <= COST_INPUTS + 1; i += 4) {
        sum0 += a[i] * b[i];
        sum1 += a[i + 1] * b[i + 1];
        sum2 += a[i + 2] * b[i + 2];
        sum3 += a[i + 3] * b[i + 3];
    }
    for (; i < COST_INPUTS + 1; i++) {
        sum0 += a[i] * b[i];
    }
    return (sum0 + sum1) + (sum2 + sum3);
}

static void softmax(float *p)
{
    float peak = p[0];
    float total = 0.0f;
    for (size_t c = 1; c < COST_CLASSES; c++) {
        peak = p[c] > peak ? p[c] : peak;
    }
    for (size_t c = 0; c < COST_CLASSES; c++) {
        p[c] = expf(p[c] - peak);
        total += p[c];
    }
    const float scale = 1.0f / total;
    for (size_t c = 0; c < COST_CLASSES; c++) {
        p[c] *= scale;
    }
}

void float_head_sample(float_head *head, const uint32_t *latent, uint32_t label)
{
    expand(head->features, latent);
    for (size_t c = 0; c < COST_CLASSES; c++) {
        head->p[c] = dot(head->weights[c], head->features);
    }
    softmax(head->p);
    head->p[label] -= 1.0f;
    for (size_t c = 0; c < COST_CLASSES; c++) {
        const float delta = head->p[c];
        float *gradient = head->gradient[c];
        for (size_t i = 0; i < COST_INPUTS + 1; i++) {
            gradient[i] += delta * head->features[i];
        }
    }
}

void float_head_update(float_head *head, float rate, uint32_t samples)
{
    const float step = rate / (float)samples;
    float *weights = &head->weights[0][0];
    const float *gradient = &head->gradient[0][0];
    for (size_t i = 0; i < COST_CLASSES * (COST_INPUTS + 1); i++) {
        weights[i] -= step * gradient[i];
    }
    memset(head->gradient, 0, sizeof head->gradient);
}
