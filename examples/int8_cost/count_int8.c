/* SPDX-License-Identifier: 0BSD */
/* Counts the instructions of each layer of an int8 network; int8_case.h, made for each run, holds the layers. */
#include "bnncl_count.h"
#include "int8_layers.h"

#include <stddef.h>
#include <stdio.h>

typedef void (*int8_op)(const int8_t *restrict input, int8_t *restrict output,
                        const int8_layer *restrict layer);

#include "int8_case.h"

static int8_t maps[2][CASE_MAP];

static uint32_t digest_of(const int8_t *numbers, size_t count)
{
    uint32_t digest = 0;
    for (size_t i = 0; i < count; i++) {
        digest = digest * 31u + (uint8_t)numbers[i];
    }
    return digest;
}

int main(void)
{
    const int8_t *from = case_input;
    for (size_t i = 0; i < CASE_LAYERS; i++) {
        const int8_layer *layer = &case_layers[i];
        const size_t numbers = (size_t)layer->out_h * layer->out_w * layer->out_channels;
        bnncl_count_begin();
        case_ops[i](from, maps[i % 2], layer);
        const uint32_t counted = bnncl_count_end();
        from = maps[i % 2];
        printf("layer %lu %08lx\n", (unsigned long)counted, (unsigned long)digest_of(from, numbers));
    }
    printf("done\n");
    return 0;
}
