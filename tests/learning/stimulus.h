/* The frozen ops and the samples of the tests of learning; tests/learning/program.py has the same. */
#ifndef STIMULUS_H
#define STIMULUS_H

#include "bnncl/learn.h"
#include "bnncl/prng.h"

#include <stddef.h>
#include <string.h>

/* What the frozen ops need to know; it stands for the workspace. */
typedef struct {
    uint32_t inputs;
    uint32_t latent_bytes;
} stimulus_sizes;

/* Input i is bit (7 * i + 3) % bits of the latent. */
static inline void stimulus_bits(void *workspace, const uint8_t *latent, void *inputs)
{
    const stimulus_sizes *sizes = workspace;
    uint32_t *words = inputs;
    memset(words, 0, (sizes->inputs + 31u) / 32u * 4u);
    for (uint32_t i = 0; i < sizes->inputs; i++) {
        const uint32_t at = (7u * i + 3u) % (8u * sizes->latent_bytes);
        words[i / 32u] |= (uint32_t)((latent[at / 8u] >> (at % 8u)) & 1) << (i % 32u);
    }
}

/* Input i is byte (3 * i + 1) % bytes of the latent, less 128. */
static inline void stimulus_i8(void *workspace, const uint8_t *latent, void *inputs)
{
    const stimulus_sizes *sizes = workspace;
    int8_t *numbers = inputs;
    for (uint32_t i = 0; i < sizes->inputs; i++) {
        numbers[i] = (int8_t)(latent[(3u * i + 1u) % sizes->latent_bytes] - 128);
    }
}

/* Input i is byte (3 * i + 1) % bytes of the latent. */
static inline void stimulus_u8(void *workspace, const uint8_t *latent, void *inputs)
{
    const stimulus_sizes *sizes = workspace;
    uint8_t *numbers = inputs;
    for (uint32_t i = 0; i < sizes->inputs; i++) {
        numbers[i] = latent[(3u * i + 1u) % sizes->latent_bytes];
    }
}

/* Nothing stands between the cut and the head. */
static inline void stimulus_copied(void *workspace, const uint8_t *latent, void *inputs)
{
    const stimulus_sizes *sizes = workspace;
    memcpy(inputs, latent, sizes->latent_bytes);
}

/* Latent number `number`, of class `label`: the bits of the class, each eighth of them drawn anew. */
static inline void stimulus_latent(uint8_t *latent, uint32_t bytes, uint32_t seed, uint32_t label,
                                   uint32_t number)
{
    for (uint32_t i = 0; i < bytes; i++) {
        const uint32_t noise = bnncl_hash32(seed, 101, number, i);
        const uint32_t flips = noise & (noise >> 8) & (noise >> 16);
        latent[i] = (uint8_t)((bnncl_hash32(seed, 100, label, i) ^ flips) & 0xFFu);
    }
}

#endif
