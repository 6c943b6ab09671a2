/* SPDX-License-Identifier: 0BSD */
/* Cuts power before and inside every prog and erase of every save of a run, at every byte, and loads.
 *
 * For each shape of flash: a run of saves of states that differ in content and length. Before each save the
 * flash is copied; then the save is made anew from the copy for every point at which power can go and every
 * manner of going. What loads afterwards has to be the old state or the new one, byte for byte; and a save
 * after that, with power, has to work. */
#include <stdio.h>
#include <string.h>

#include "bnncl/internal/store.h"
#include "bnncl_storage_ram.h"

#ifndef CUT_MAX_REGION
#define CUT_MAX_REGION 16384
#endif
#ifndef CUT_STRIDE
#define CUT_STRIDE 1u
#endif

#define SAVES 5
#define SEGMENTS 4
#define STATE_BYTES 700
#define MAX_BLOCKS 64
#define STORM_CUTS 2000

typedef struct {
    uint32_t region_bytes;
    uint32_t erase_bytes;
    uint32_t prog_bytes;
} shape;

static const shape shapes[] = {
    {2048, 256, 1},   {2048, 256, 32},  {2048, 512, 4},   {2048, 1024, 8},
    {4096, 2048, 16}, {8192, 4096, 32}, {16384, 8192, 8},
};

/* Lengths of the segments of each save; 0 and lengths that fit no granule are among them. */
static const uint32_t lengths[SAVES][SEGMENTS] = {
    {1, 0, 0, 0}, {64, 3, 0, 130}, {5, 60, 1, 300}, {0, 0, 0, 0}, {33, 192, 7, 128},
};

static const bnncl_store_id id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 7};

typedef struct {
    uint8_t bytes[CUT_MAX_REGION];
    uint8_t granules[CUT_MAX_REGION];
    uint32_t erases[MAX_BLOCKS];
} memory;

static memory work;
static memory before;
static uint8_t states[SAVES][STATE_BYTES];
static unsigned long cuts;
static unsigned long found_old;
static unsigned long found_new;

static void layout(int save, bnncl_segment segments[SEGMENTS])
{
    uint32_t offset = 1;
    for (int i = 0; i < SEGMENTS; i++) {
        segments[i].offset = offset;
        segments[i].size = lengths[save][i];
        offset += lengths[save][i] + 11u;
    }
}

static bnncl_status save_state(const bnncl_storage *port, int save)
{
    bnncl_segment segments[SEGMENTS];
    layout(save, segments);
    return bnncl_store_save(port, &id, states[save], segments, SEGMENTS);
}

/* Whether exactly the state of `save` loads, and nothing between its segments is written. */
static bool loads(const bnncl_storage *port, int save)
{
    static uint8_t read[STATE_BYTES];
    static uint8_t wanted[STATE_BYTES];
    bnncl_segment segments[SEGMENTS];
    layout(save, segments);
    memset(read, 0x5A, sizeof read);
    memset(wanted, 0x5A, sizeof wanted);
    for (int i = 0; i < SEGMENTS; i++) {
        memcpy(wanted + segments[i].offset, states[save] + segments[i].offset, segments[i].size);
    }
    const bnncl_status status = bnncl_store_load(port, &id, read, segments, SEGMENTS);
    return status == BNNCL_OK && memcmp(read, wanted, sizeof read) == 0;
}

static bool holds_nothing(const bnncl_storage *port)
{
    bnncl_store_found found;
    const bnncl_status status = bnncl_store_find(port, &id, &found);
    return status == BNNCL_NO_STATE || status == BNNCL_CORRUPT;
}

static bool cut_at(bnncl_storage_ram *flash, const bnncl_storage *port, int save, uint32_t at, bnncl_cut cut,
                   bool *finished)
{
    memcpy(&work, &before, sizeof work);
    bnncl_storage_ram_power(flash, at, cut, at * 2654435761u + (uint32_t)save);
    *finished = save_state(port, save) == BNNCL_OK;
    bnncl_storage_ram_power(flash, BNNCL_POWER_FOR_EVER, BNNCL_CUT_IN_ORDER, 0);
    const bool is_new = loads(port, save);
    const bool is_old = save == 0 ? holds_nothing(port) : loads(port, save - 1);
    cuts++;
    found_new += is_new ? 1u : 0u;
    found_old += is_old ? 1u : 0u;
    const int next = (save + 1) % SAVES;
    return is_new != is_old && (!*finished || is_new) && save_state(port, next) == BNNCL_OK &&
           loads(port, next);
}

/* Erased flash of a shape, in `work`. */
static void use(bnncl_storage_ram *flash, const shape *of)
{
    flash->bytes = work.bytes;
    flash->granules = work.granules;
    flash->erases = work.erases;
    flash->region_bytes = of->region_bytes;
    flash->erase_bytes = of->erase_bytes;
    flash->prog_bytes = of->prog_bytes;
    bnncl_storage_ram_format(flash);
}

static int run_shape(const shape *of)
{
    bnncl_storage_ram flash;
    use(&flash, of);
    const bnncl_storage port = bnncl_storage_ram_port(&flash);
    for (int save = 0; save < SAVES; save++) {
        memcpy(&before, &work, sizeof before);
        for (int cut = BNNCL_CUT_IN_ORDER; cut <= BNNCL_CUT_UNREADABLE; cut++) {
            bool finished = false;
            for (uint32_t at = 0; !finished; at += CUT_STRIDE) {
                if (!cut_at(&flash, &port, save, at, (bnncl_cut)cut, &finished)) {
                    printf("neither old nor new: region %lu erase %lu prog %lu save %d cut %d at %lu\n",
                           (unsigned long)of->region_bytes, (unsigned long)of->erase_bytes,
                           (unsigned long)of->prog_bytes, save, cut, (unsigned long)at);
                    return 1;
                }
            }
        }
        memcpy(&work, &before, sizeof work);
        if (save_state(&port, save) != BNNCL_OK || !loads(&port, save)) {
            printf("a save with power failed\n");
            return 1;
        }
    }
    if (flash.violations != 0) {
        printf("%lu violations\n", (unsigned long)flash.violations);
        return 1;
    }
    return 0;
}

/* Cut after cut, without a whole save between: what loads is always the state that loaded before, or the one
 * that was being saved. */
static int run_storm(const shape *of)
{
    bnncl_storage_ram flash;
    use(&flash, of);
    const bnncl_storage port = bnncl_storage_ram_port(&flash);
    int held = 0;
    uint32_t random = 1;
    if (save_state(&port, held) != BNNCL_OK) {
        return 1;
    }
    for (int i = 0; i < STORM_CUTS; i++) {
        random = random * 1664525u + 1013904223u;
        const int saved = (held + 1 + (int)(random >> 8) % (SAVES - 1)) % SAVES;
        const uint32_t power = (random >> 10) % (2u * of->erase_bytes + 600u);
        bnncl_storage_ram_power(&flash, power, (bnncl_cut)(random >> 30), random);
        (void)save_state(&port, saved);
        bnncl_storage_ram_power(&flash, BNNCL_POWER_FOR_EVER, BNNCL_CUT_IN_ORDER, 0);
        const bool is_new = loads(&port, saved);
        if (is_new == loads(&port, held)) {
            printf("neither old nor new: cut %d of a storm\n", i);
            return 1;
        }
        cuts++;
        found_new += is_new ? 1u : 0u;
        found_old += is_new ? 0u : 1u;
        held = is_new ? saved : held;
    }
    return flash.violations != 0;
}

int main(void)
{
    for (int save = 0; save < SAVES; save++) {
        for (int i = 0; i < STATE_BYTES; i++) {
            states[save][i] = (uint8_t)(save * 57 + i * (i + 3 * save + 1));
        }
    }
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (shapes[i].region_bytes <= CUT_MAX_REGION &&
            (run_shape(&shapes[i]) != 0 || run_storm(&shapes[i]) != 0)) {
            return 1;
        }
    }
    printf("cuts %lu old %lu new %lu\n", cuts, found_old, found_new);
    return 0;
}
