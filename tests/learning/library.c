/* What the tests call beside the runtime itself, on the host. */
#include "bnncl/roots.h"
#include "bnncl/softmax.h"
#include "stimulus.h"

void test_bits(void *workspace, const uint8_t *latent, void *inputs);
void test_i8(void *workspace, const uint8_t *latent, void *inputs);
void test_u8(void *workspace, const uint8_t *latent, void *inputs);
void test_latent(uint8_t *latent, uint32_t bytes, uint32_t seed, uint32_t label, uint32_t number);
uint32_t test_canonical(const bnncl_head_config *config, const bnncl_head *head, uint8_t *bytes);
void test_sizes(uint32_t *sizes);
void test_mix(const uint32_t *x, uint32_t *out, uint32_t count);
void test_hash32(const uint32_t *x, uint32_t *out, uint32_t count);
uint32_t test_below(uint32_t count, uint32_t word);
void test_exp2(uint32_t *out, uint32_t count);
void test_gradients(int32_t first, int32_t *out, uint32_t count, uint32_t bits);
uint32_t test_isqrt(uint32_t x);
int64_t test_divide_round(int64_t numerator, uint32_t divisor);

void test_bits(void *workspace, const uint8_t *latent, void *inputs)
{
    stimulus_bits(workspace, latent, inputs);
}

void test_i8(void *workspace, const uint8_t *latent, void *inputs)
{
    stimulus_i8(workspace, latent, inputs);
}

void test_u8(void *workspace, const uint8_t *latent, void *inputs)
{
    stimulus_u8(workspace, latent, inputs);
}

void test_latent(uint8_t *latent, uint32_t bytes, uint32_t seed, uint32_t label, uint32_t number)
{
    stimulus_latent(latent, bytes, seed, label, number);
}

static void append(void *context, const uint8_t *bytes, uint32_t count)
{
    uint8_t **end = context;
    memcpy(*end, bytes, count);
    *end += count;
}

uint32_t test_canonical(const bnncl_head_config *config, const bnncl_head *head, uint8_t *bytes)
{
    uint8_t *end = bytes;
    bnncl_learn_canonical(config, head, append, &end);
    return (uint32_t)(end - bytes);
}

void test_sizes(uint32_t *sizes)
{
    sizes[0] = (uint32_t)sizeof(bnncl_head_config);
    sizes[1] = (uint32_t)offsetof(bnncl_head_config, stochastic);
    sizes[2] = (uint32_t)offsetof(bnncl_head_config, features_of);
    sizes[3] = (uint32_t)sizeof(bnncl_head);
    sizes[4] = (uint32_t)offsetof(bnncl_head, workspace);
    sizes[5] = (uint32_t)sizeof(bnncl_learn_state);
}

void test_mix(const uint32_t *x, uint32_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = bnncl_mix(x[i]);
    }
}

/* Four numbers of `x` for each result. */
void test_hash32(const uint32_t *x, uint32_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = bnncl_hash32(x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]);
    }
}

uint32_t test_below(uint32_t count, uint32_t word)
{
    return bnncl_below(count, word);
}

void test_exp2(uint32_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = bnncl_exp2_negative(i);
    }
}

void test_gradients(int32_t first, int32_t *out, uint32_t count, uint32_t bits)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = bnncl_logit_gradient(first + (int32_t)i, bits);
    }
}

uint32_t test_isqrt(uint32_t x)
{
    return bnncl_isqrt(x);
}

int64_t test_divide_round(int64_t numerator, uint32_t divisor)
{
    return bnncl_divide_round(numerator, divisor);
}
