/* SPDX-License-Identifier: 0BSD */
/* Runs a generated project on many samples and prints a CRC-32 of every op's output, or the output of
 * one op on one sample as hexadecimal bytes. For `bnncl verify`; never part of a firmware.
 *
 * verify_case.h, made for each run, gives the model's functions, the samples and what to print. */
#include <stdio.h>

#include "bnncl/trace.h"
#include "verify_case.h"

CASE_DEFINE_CONTEXT(context);
static long current_sample;
static uint32_t digests[CASE_OPS];

static uint32_t crc32_of(const uint8_t *bytes, size_t count)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

void bnncl_trace(uint32_t op, const void *data, size_t bytes)
{
    const uint8_t *octets = (const uint8_t *)data;
    if (op < CASE_OPS) {
        digests[op] = crc32_of(octets, bytes);
    }
    if (current_sample != CASE_DUMP_SAMPLE || op != CASE_DUMP_OP) {
        return;
    }
    printf("dump ");
    for (size_t i = 0; i < bytes; i++) {
        printf("%02x", (unsigned)octets[i]);
    }
    printf("\n");
}

int main(void)
{
    int16_t scores[CASE_CLASSES];
    if (CASE_INIT(&context, 1u) != BNNCL_OK) {
        printf("error init\n");
        return 1;
    }
    for (current_sample = 0; current_sample < CASE_SAMPLES; current_sample++) {
        if (CASE_INFER(&context, case_inputs[current_sample], scores) != BNNCL_OK) {
            printf("error infer %ld\n", current_sample);
            return 1;
        }
        if (CASE_DUMP_SAMPLE >= 0) {
            continue;
        }
        printf("sample %ld", current_sample);
        for (int op = 0; op < CASE_OPS; op++) {
            printf(" %08lx", (unsigned long)digests[op]);
        }
        printf(" scores");
        for (int i = 0; i < CASE_CLASSES; i++) {
            printf(" %d", (int)scores[i]);
        }
        printf("\n");
    }
    printf("done\n");
    return 0;
}
