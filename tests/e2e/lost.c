/* SPDX-License-Identifier: 0BSD */
/* Gives experiences up in a generated project called net whose tail learns. Where GOES_BACK is 1 all is as before;
 * else what was trained is lost once a step has changed it, inference goes on, and a load brings back what was
 * saved. */
#include <stdio.h>
#include <string.h>

#include "bnncl_storage_ram.h"
#include "net.h"

#define ERASE 256u
#define SLOT ((NET_SAVED_BYTES + ERASE - 1u) / ERASE * ERASE)

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("line %d: " #condition "\n", __LINE__);                                                   \
            return 1;                                                                                        \
        }                                                                                                    \
    } while (0)

NET_DEFINE_CONTEXT(device);

static uint8_t bytes[2 * SLOT];
static uint8_t granules[2 * SLOT];
static uint32_t erases[2 * SLOT / ERASE];
static net_input input[NET_INPUT_LEN];

static const net_input *made(uint32_t number)
{
    for (uint32_t i = 0; i < NET_INPUT_LEN; i++) {
        number = number * 1664525u + 1013904223u;
        input[i] = (net_input)(number >> 24);
    }
    return input;
}

/* One experience, to the end of its steps. */
static bnncl_status trained(uint32_t first)
{
    bool done = false;
    bnncl_status status = net_learn_begin(&device);
    for (uint32_t i = 0; i < 9 && status == BNNCL_OK; i++) {
        status = net_learn_sample(&device, made(first + i), (uint16_t)(i % NET_MAX_CLASSES));
    }
    while (status == BNNCL_OK && !done) {
        status = net_learn_step(&device, 100, &done);
    }
    return status;
}

static int same_scores(const int16_t *wanted)
{
    int16_t scores[NET_MAX_CLASSES];
    const bnncl_status status = net_infer(&device, made(77), scores);
    return status == BNNCL_OK && memcmp(scores, wanted, sizeof scores) == 0;
}

int main(void)
{
    static net_memory learned;
    bnncl_storage_ram flash = {0};
    int16_t scores[NET_MAX_CLASSES];
    bool done = false;
    flash.bytes = bytes;
    flash.granules = granules;
    flash.erases = erases;
    flash.region_bytes = 2u * SLOT;
    flash.erase_bytes = ERASE;
    flash.prog_bytes = 8;
    bnncl_storage_ram_format(&flash);
    const bnncl_storage port = bnncl_storage_ram_port(&flash);

    CHECK(net_init(&device, 5) == BNNCL_OK);
    CHECK(trained(1) == BNNCL_OK);
    CHECK(net_learn_commit(&device) == BNNCL_OK);
    CHECK(net_infer(&device, made(77), scores) == BNNCL_OK);
    CHECK(net_save(&device, &port) == BNNCL_OK);

    /* Given up before the first step, nothing is lost. */
    CHECK(net_learn_begin(&device) == BNNCL_OK);
    CHECK(net_learn_sample(&device, made(3), 0) == BNNCL_OK);
    CHECK(net_learn_abort(&device) == BNNCL_OK);
    CHECK(trained(50) == BNNCL_OK);
    CHECK(same_scores(scores));
    learned = *device.memory.at;

    CHECK(net_learn_abort(&device) == BNNCL_OK);
    CHECK(same_scores(scores));
    if (!GOES_BACK) {
        CHECK(net_learn_abort(&device) == BNNCL_OK);
        CHECK(net_learn_begin(&device) == BNNCL_STATE_LOST);
        CHECK(net_learn_sample(&device, made(3), 0) == BNNCL_BAD_STATE);
        CHECK(net_learn_step(&device, 1, &done) == BNNCL_BAD_STATE);
        CHECK(net_learn_commit(&device) == BNNCL_BAD_STATE);
        CHECK(net_save(&device, &port) == BNNCL_STATE_LOST);
        CHECK(same_scores(scores));
        CHECK(net_load(&device, &port) == BNNCL_OK);
        CHECK(same_scores(scores));
    }
    /* What is trained from there is what was trained before. */
    CHECK(trained(50) == BNNCL_OK);
    CHECK(memcmp(device.memory.at, &learned, sizeof learned) == 0);
    CHECK(net_learn_commit(&device) == BNNCL_OK);
    CHECK(!same_scores(scores));

    /* Without anything to load, a device begins anew. */
    CHECK(trained(60) == BNNCL_OK);
    CHECK(net_learn_abort(&device) == BNNCL_OK);
    bnncl_storage_ram_format(&flash);
    CHECK(net_load(&device, &port) == BNNCL_NO_STATE);
    CHECK(net_learn_begin(&device) == (GOES_BACK ? BNNCL_OK : BNNCL_STATE_LOST));
    CHECK(net_init(&device, 5) == BNNCL_OK);
    CHECK(net_learn_begin(&device) == BNNCL_OK);
    printf("done\n");
    return 0;
}
