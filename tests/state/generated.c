/* SPDX-License-Identifier: 0BSD */
/* Saves and loads with a generated project called net: a run of experiences, each saved; after every save the
 * device is reset and goes on from storage. Then power is cut in each of these saves, and what must be refused is
 * offered. Prints what was counted; the exit status is that of everything. */
#include <stdio.h>
#include <string.h>

#include "bnncl/crc32.h"
#include "bnncl/learn.h"
#include "bnncl/store.h"
#include "bnncl_storage_ram.h"
#include "net.h"
#include "net_head.h"

#ifndef CUT_STRIDE
#define CUT_STRIDE 1u
#endif
#ifndef CUT_SHAPES
#define CUT_SHAPES 3
#endif

/* Where more than the head learns: TAKE(name) for each array of the memory that this changes, and rows {at, value}
 * of stored words that cannot be. */
#ifndef TAIL_ARRAYS
#define TAIL_ARRAYS
#define TAIL_WRONG
#endif
#define TAKE(name) add(to, (const uint8_t *)device.memory.at->name, sizeof device.memory.at->name);

#define EXPERIENCES 4
#define SAMPLES 13
#define SEED 7u
#define OTHER_SEED 1234u
#define MAX_REGION (4 * NET_SAVED_BYTES + 16384)
#define MAX_BLOCKS (MAX_REGION / 64)

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("line %d: " #condition "\n", __LINE__);                                                   \
            return false;                                                                                    \
        }                                                                                                    \
    } while (0)

NET_DEFINE_CONTEXT(device);

/* Canonical state and seed; never more than the memory holds. */
typedef struct {
    uint8_t bytes[NET_STATE_BYTES + 64];
    size_t size;
} picture;

typedef struct {
    uint8_t bytes[MAX_REGION];
    uint8_t granules[MAX_REGION];
    uint32_t erases[MAX_BLOCKS];
} memory;

static memory work;
static memory before;
static picture after[EXPERIENCES + 1]; /* after so many experiences, never reset */
static picture factory;                /* after a reset */
static unsigned long cuts;
static unsigned long found_old;
static unsigned long found_new;

static void add(void *context, const uint8_t *bytes, uint32_t count)
{
    picture *to = context;
    memcpy(to->bytes + to->size, bytes, count);
    to->size += count;
}

static void take(picture *to)
{
    const bnncl_head head = net_head(&device);
    to->size = 0;
    bnncl_learn_canonical(&net_head_config, &head, add, to);
    add(to, (const uint8_t *)&head.state->seed, sizeof head.state->seed);
    TAIL_ARRAYS
}

static bool is(const picture *wanted)
{
    static picture now;
    take(&now);
    return now.size == wanted->size && memcmp(now.bytes, wanted->bytes, now.size) == 0;
}

/* Power comes back: RAM holds rubbish. */
static bool reset(void)
{
    memset(device.memory.at, 0xA5, sizeof *device.memory.at);
    memset(device.workspace.at, 0xA5, sizeof *device.workspace.at);
    device.ready = 0;
    return net_init(&device, OTHER_SEED) == BNNCL_OK;
}

static void make_input(uint32_t number, net_input *input)
{
    uint32_t random = number * 2654435761u + 1u;
    for (int i = 0; i < NET_INPUT_LEN; i++) {
        random = random * 1664525u + 1013904223u;
        input[i] = (net_input)(random >> 24);
    }
}

/* Experience e: two classes, the second new from the third on, steps of odd budgets. */
static bool learn(uint32_t e)
{
    static net_input input[NET_INPUT_LEN];
    bool done = false;
    CHECK(net_learn_begin(&device) == BNNCL_OK);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const uint32_t label = i % 2u ? e : e < 2 ? 0 : NET_CLASSES + e - 2u;
        make_input(e * SAMPLES + i, input);
        CHECK(net_learn_sample(&device, input, (uint16_t)label) == BNNCL_OK);
    }
    while (!done) {
        CHECK(net_learn_step(&device, 5u + e, &done) == BNNCL_OK);
    }
    return net_learn_commit(&device) == BNNCL_OK;
}

static bool run_without_break(void)
{
    CHECK(net_init(&device, SEED) == BNNCL_OK);
    take(&after[0]);
    for (uint32_t e = 0; e < EXPERIENCES; e++) {
        CHECK(learn(e));
        take(&after[e + 1]);
        CHECK(!is(&after[e]));
    }
    CHECK(reset());
    take(&factory);
    return true;
}

static uint32_t slot_for(uint32_t erase_bytes)
{
    return (NET_SAVED_BYTES + erase_bytes - 1u) / erase_bytes * erase_bytes;
}

static bnncl_storage use(bnncl_storage_ram *flash, uint32_t slot_bytes, uint32_t erase_bytes,
                         uint32_t prog_bytes)
{
    flash->bytes = work.bytes;
    flash->granules = work.granules;
    flash->erases = work.erases;
    flash->region_bytes = 2u * slot_bytes;
    flash->erase_bytes = erase_bytes;
    flash->prog_bytes = prog_bytes;
    bnncl_storage_ram_format(flash);
    return bnncl_storage_ram_port(flash);
}

#ifdef DUMP_FOLDER
/* The region after save e, as it would be read out of a device. */
static bool dump(uint32_t e, uint32_t size)
{
    char path[] = DUMP_FOLDER "/0.bin";
    path[sizeof path - 6] = (char)('0' + e);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(work.bytes, 1, size, file) == size);
    CHECK(fclose(file) == 0);
    return true;
}
#endif

/* A device that is reset after each save learns what one does that never is. */
static bool run_with_breaks(void)
{
    bnncl_storage_ram flash;
    const bnncl_storage port = use(&flash, slot_for(512u), 512u, 8u);
    CHECK(net_init(&device, SEED) == BNNCL_OK);
    for (uint32_t e = 0; e < EXPERIENCES; e++) {
        CHECK(learn(e));
        CHECK(net_save(&device, &port) == BNNCL_OK);
        CHECK(is(&after[e + 1]));
#ifdef DUMP_FOLDER
        CHECK(dump(e, port.region_bytes));
#endif
        CHECK(reset());
        CHECK(is(&factory));
        CHECK(net_load(&device, &port) == BNNCL_OK);
        CHECK(is(&after[e + 1]));
    }
    CHECK(flash.violations == 0);
    return true;
}

/* Power goes `at` bytes into save e, which goes from after[e] to after[e + 1]. */
static bool cut_at(bnncl_storage_ram *flash, const bnncl_storage *port, uint32_t e, uint32_t at, int cut,
                   const net_memory *learned, bool *finished)
{
    memcpy(&work, &before, sizeof work);
    *device.memory.at = *learned;
    bnncl_storage_ram_power(flash, at, (bnncl_cut)cut, at * 2654435761u + e);
    *finished = net_save(&device, port) == BNNCL_OK;
    CHECK(is(&after[e + 1]));
    bnncl_storage_ram_power(flash, BNNCL_POWER_FOR_EVER, BNNCL_CUT_IN_ORDER, 0);
    CHECK(reset());
    const bnncl_status status = net_load(&device, port);
    const bool is_new = status == BNNCL_OK && is(&after[e + 1]);
    const bool none = status == BNNCL_NO_STATE || status == BNNCL_CORRUPT;
    const bool is_old = e == 0 ? none && is(&factory) : status == BNNCL_OK && is(&after[e]);
    cuts++;
    found_new += is_new ? 1u : 0u;
    found_old += is_old ? 1u : 0u;
    CHECK(is_new != is_old);
    CHECK(is_new || !*finished);
    return true;
}

static bool cut_run(uint32_t erase_bytes, uint32_t prog_bytes)
{
    static net_memory learned;
    bnncl_storage_ram flash;
    const bnncl_storage port = use(&flash, slot_for(erase_bytes), erase_bytes, prog_bytes);
    CHECK(net_init(&device, SEED) == BNNCL_OK);
    for (uint32_t e = 0; e < EXPERIENCES; e++) {
        CHECK(learn(e));
        learned = *device.memory.at;
        memcpy(&before, &work, sizeof before);
        for (int cut = BNNCL_CUT_IN_ORDER; cut <= BNNCL_CUT_UNREADABLE; cut++) {
            bool finished = false;
            for (uint32_t at = 0; !finished; at += CUT_STRIDE) {
                CHECK(cut_at(&flash, &port, e, at, cut, &learned, &finished));
            }
        }
        memcpy(&work, &before, sizeof work);
        *device.memory.at = learned;
        CHECK(net_save(&device, &port) == BNNCL_OK);
    }
    CHECK(flash.violations == 0);
    return true;
}

/* Have the header of slot A fit its bytes, as they were changed. */
static void seal(void)
{
    const uint32_t crc =
        bnncl_store_crc32(bnncl_store_crc32(0, work.bytes, 60), work.bytes + BNNCL_STORE_HEADER_BYTES,
                          NET_SAVED_BYTES - BNNCL_STORE_HEADER_BYTES);
    for (int i = 0; i < 4; i++) {
        work.bytes[60 + i] = (uint8_t)(crc >> (8 * i));
    }
}

static bool refuses(const bnncl_storage *port, bnncl_status wanted, const picture *held)
{
    const bnncl_status status = net_load(&device, port);
    if (status != wanted) {
        printf("status %d, not %d\n", (int)status, (int)wanted);
    }
    CHECK(status == wanted);
    CHECK(is(held));
    return true;
}

/* A state in slot A, the other slot erased; the device is reset. */
static bool saved_once(bnncl_storage_ram *flash, bnncl_storage *port)
{
    *port = use(flash, slot_for(64u), 64u, 1u);
    CHECK(net_init(&device, SEED) == BNNCL_OK);
    CHECK(refuses(port, BNNCL_NO_STATE, &after[0]));
    CHECK(learn(0));
    CHECK(net_save(&device, port) == BNNCL_OK);
    memcpy(&before, &work, sizeof before);
    return reset();
}

static bool other_models_and_damage(void)
{
    bnncl_storage_ram flash;
    bnncl_storage port;
    CHECK(saved_once(&flash, &port));
    for (uint32_t at = 16; at < 36; at++) { /* fingerprint and layout */
        memcpy(&work, &before, sizeof work);
        work.bytes[at] ^= 1u;
        seal();
        CHECK(refuses(&port, BNNCL_BAD_FINGERPRINT, &factory));
    }
    for (uint32_t at = 0; at < NET_SAVED_BYTES; at += 3u) {
        memcpy(&work, &before, sizeof work);
        work.bytes[at] ^= (uint8_t)(1u << at % 8u);
        if (at < 40 || at >= 60) {
            CHECK(refuses(&port, BNNCL_CORRUPT, &factory));
        }
    }
    memcpy(&work, &before, sizeof work);
    CHECK(net_load(&device, &port) == BNNCL_OK);
    CHECK(is(&after[1]));
    return true;
}

static void put32(size_t at, uint32_t value)
{
    memcpy(work.bytes + BNNCL_STORE_HEADER_BYTES + at, &value, sizeof value);
}

/* Whole by its CRC and still no state of this head. */
static bool impossible_states(void)
{
    const size_t cw = 12u + sizeof device.memory.at->past;
    const size_t labels = cw + sizeof device.memory.at->cw + sizeof device.memory.at->met;
    bnncl_storage_ram flash;
    bnncl_storage port;
    CHECK(saved_once(&flash, &port));
    const struct {
        size_t at;
        uint32_t value;
    } wrong[] = {
        TAIL_WRONG{8, NET_REPLAY_SLOTS + 1u},
        {8, UINT32_MAX},
        {cw, 0x80008000u},
        {cw, 0x7FFFu},
        {labels, NET_MAX_CLASSES},
    };
    const size_t count = sizeof wrong / sizeof wrong[0] - (NET_REPLAY_SLOTS > 0 ? 0u : 1u);
    for (size_t i = 0; i < count; i++) {
        memcpy(&work, &before, sizeof work);
        put32(wrong[i].at, wrong[i].value);
        seal();
        CHECK(refuses(&port, BNNCL_STATE_LOST, &factory));
    }
    return true;
}

static bool open_experiences(void)
{
    bnncl_storage_ram flash;
    bnncl_storage port;
    static net_input input[NET_INPUT_LEN];
    static picture open;
    static net_workspace untouched;
    bool done = false;
    CHECK(saved_once(&flash, &port));
    CHECK(net_learn_begin(&device) == BNNCL_OK);
    CHECK(net_learn_sample(&device, input, 0) == BNNCL_OK);
    memset(device.workspace.at, 0xA5, sizeof *device.workspace.at);
    untouched = *device.workspace.at;
    CHECK(net_learn_sample(&device, input, NET_MAX_CLASSES) == BNNCL_BAD_LABEL);
    CHECK(memcmp(device.workspace.at, &untouched, sizeof untouched) == 0);
    for (int i = 0; i < 2; i++) {
        take(&open);
        CHECK(net_save(&device, &port) == BNNCL_BUSY);
        CHECK(refuses(&port, BNNCL_BUSY, &open));
        CHECK(memcmp(&work, &before, sizeof work) == 0);
        CHECK(net_learn_step(&device, 3, &done) == BNNCL_OK);
    }
    CHECK(net_learn_abort(&device) == BNNCL_OK);
    CHECK(net_load(&device, &port) == BNNCL_OK);
    CHECK(is(&after[1]));
    return true;
}

static bool small_regions_and_no_arguments(void)
{
    bnncl_storage_ram flash;
    bnncl_storage port = use(&flash, slot_for(64u) - 64u, 64u, 1u);
    CHECK(net_init(&device, OTHER_SEED) == BNNCL_OK);
    CHECK(net_save(&device, &port) == BNNCL_TOO_SMALL);
    CHECK(refuses(&port, BNNCL_TOO_SMALL, &factory));
    CHECK(flash.syncs == 0 && flash.erases[0] == 0);
    CHECK(net_save(&device, NULL) == BNNCL_BAD_ARGUMENT);
    CHECK(refuses(NULL, BNNCL_BAD_ARGUMENT, &factory));
    port.read = NULL;
    CHECK(net_save(&device, &port) == BNNCL_BAD_ARGUMENT);
    CHECK(refuses(&port, BNNCL_BAD_ARGUMENT, &factory));
    CHECK(net_save(NULL, &port) == BNNCL_BAD_ARGUMENT);
    CHECK(net_load(NULL, &port) == BNNCL_BAD_ARGUMENT);
    device.ready = 0;
    CHECK(net_save(&device, &port) == BNNCL_BAD_ARGUMENT);
    CHECK(net_load(&device, &port) == BNNCL_BAD_ARGUMENT);
    return true;
}

static bnncl_storage_read *real_read;
static uint32_t good_reads;

static bnncl_status failing_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    if (good_reads == 0) {
        return BNNCL_STORAGE_ERROR;
    }
    good_reads--;
    return real_read(context, offset, data, size);
}

/* Reading fails before anything is changed, or the device starts from its factory state. */
static bool failing_ports(void)
{
    bnncl_storage_ram flash;
    bnncl_storage port;
    static picture learned;
    uint32_t reads = 0;
    uint32_t lost = 0;
    CHECK(saved_once(&flash, &port));
    real_read = port.read;
    port.read = failing_read;
    for (bnncl_status status = BNNCL_STORAGE_ERROR; status != BNNCL_OK; reads++) {
        CHECK(reset());
        CHECK(learn(1));
        take(&learned);
        good_reads = reads;
        status = net_load(&device, &port);
        CHECK(status == BNNCL_OK || status == BNNCL_STATE_LOST || status == BNNCL_STORAGE_ERROR);
        CHECK(is(status == BNNCL_OK ? &after[1] : status == BNNCL_STATE_LOST ? &factory : &learned));
        CHECK(lost == 0 || status != BNNCL_STORAGE_ERROR);
        lost += status == BNNCL_STATE_LOST ? 1u : 0u;
    }
    CHECK(reads > 10 && lost > 3 && lost < reads - 3);
    return true;
}

int main(void)
{
    static const uint32_t shapes[][2] = {{256, 32}, {512, 1}, {2048, 8}};
    bool passed = run_without_break() && run_with_breaks() && other_models_and_damage() &&
                  impossible_states() && open_experiences() && small_regions_and_no_arguments() &&
                  failing_ports();
    for (int i = 0; i < CUT_SHAPES && passed; i++) {
        passed = cut_run(shapes[i][0], shapes[i][1]);
    }
    printf("cuts %lu old %lu new %lu\n", cuts, found_old, found_new);
    return passed ? 0 : 1;
}
