/* Runs the programs of cases.h and prints, for each call, its status and a CRC-32 of the state after it. */
#include <stdio.h>

#include "stimulus.h"

/* A head, its program of calls, and the room for one latent. */
typedef struct {
    const bnncl_head_config *config;
    const bnncl_head *head;
    const uint16_t *calls; /* what to do in bits 13 to 15, label or budget in bits 0 to 12 */
    uint32_t count;
    uint8_t *latent;
} test_case;

enum { CALL_BEGIN = 0, CALL_SAMPLE = 1, CALL_STEP = 2, CALL_COMMIT = 3, CALL_ABORT = 4 };

#include "cases.h"

static void crc32_more(void *context, const uint8_t *bytes, uint32_t count)
{
    uint32_t crc = *(uint32_t *)context;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    *(uint32_t *)context = crc;
}

static bnncl_status made(const test_case *test, uint32_t call, uint32_t number)
{
    const uint32_t value = call & 0x1FFFu;
    bool done = false;
    switch (call >> 13) {
    case CALL_BEGIN:
        return bnncl_learn_begin(test->config, test->head);
    case CALL_SAMPLE:
        stimulus_latent(test->latent, test->config->latent_bytes, test->head->state->seed, value, number);
        return bnncl_learn_sample(test->config, test->head, test->latent, (uint16_t)value);
    case CALL_STEP:
        return bnncl_learn_step(test->config, test->head, value, &done);
    case CALL_COMMIT:
        return bnncl_learn_commit(test->config, test->head);
    default:
        return bnncl_learn_abort(test->config, test->head);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t number = 0;
        for (uint32_t at = 0; at < cases[i].count; at++) {
            const uint32_t call = cases[i].calls[at];
            const bnncl_status status = made(&cases[i], call, number);
            uint32_t crc = 0xFFFFFFFFu;
            number += call >> 13 == CALL_SAMPLE ? 1u : 0u;
            bnncl_learn_canonical(cases[i].config, cases[i].head, crc32_more, &crc);
            printf("%d %08lx\n", (int)status, (unsigned long)~crc);
        }
    }
    return 0;
}
