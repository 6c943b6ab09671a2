/* SPDX-License-Identifier: 0BSD */
#include "bnncl_storage_ram.h"

#include <string.h>

enum { ERASED = 0, WRITTEN = 1, TORN = 2, UNREADABLE = 3 };

static uint8_t random_byte(bnncl_storage_ram *flash)
{
    flash->random = flash->random * 1664525u + 1013904223u;
    return (uint8_t)(flash->random >> 24);
}

static bnncl_status violation(bnncl_storage_ram *flash)
{
    flash->violations++;
    return BNNCL_STORAGE_ERROR;
}

static bool is_inside(const bnncl_storage_ram *flash, uint32_t offset, uint32_t size)
{
    return offset <= flash->region_bytes && size <= flash->region_bytes - offset;
}

static void mark(bnncl_storage_ram *flash, uint32_t offset, uint32_t size, int state)
{
    memset(flash->granules + offset / flash->prog_bytes, state, size / flash->prog_bytes);
}

/* What byte `i` of an operation that loses power at byte `flash->power` becomes, from `old` towards `new`. */
static uint8_t torn(bnncl_storage_ram *flash, uint32_t i, uint8_t old, uint8_t new)
{
    const uint8_t mask = random_byte(flash);
    const uint8_t mixed = (uint8_t)((old & mask) | (new & ~mask));
    if (flash->cut == BNNCL_CUT_IN_ORDER) {
        return i < flash->power ? new : i == flash->power ? mixed : old;
    }
    return flash->cut == BNNCL_CUT_SOME_BITS ? mixed : mask;
}

/* Write `data`, or 0xFF where it is NULL, as far as power goes. */
static bnncl_status change(bnncl_storage_ram *flash, uint32_t offset, const uint8_t *data, uint32_t size)
{
    const bool enough = flash->power >= size;
    for (uint32_t i = 0; i < size; i++) {
        uint8_t *byte = &flash->bytes[offset + i];
        const uint8_t new = data ? data[i] : 0xFFu;
        *byte = enough ? new : torn(flash, i, *byte, new);
    }
    if (enough) {
        mark(flash, offset, size, data ? WRITTEN : ERASED);
        flash->power -= flash->power == BNNCL_POWER_FOR_EVER ? 0 : size;
        return BNNCL_OK;
    }
    mark(flash, offset, size, flash->cut == BNNCL_CUT_UNREADABLE ? UNREADABLE : TORN);
    flash->off = true;
    return BNNCL_STORAGE_ERROR;
}

static bnncl_status ram_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    bnncl_storage_ram *flash = context;
    if (flash->off) {
        return BNNCL_STORAGE_ERROR;
    }
    if (!is_inside(flash, offset, size)) {
        return violation(flash);
    }
    memcpy(data, flash->bytes + offset, size);
    for (uint32_t i = 0; i < size; i++) {
        if (flash->granules[(offset + i) / flash->prog_bytes] == UNREADABLE) {
            return BNNCL_CORRUPT;
        }
    }
    return BNNCL_OK;
}

static bnncl_status ram_prog(void *context, uint32_t offset, const void *data, uint32_t size)
{
    bnncl_storage_ram *flash = context;
    if (flash->off) {
        return BNNCL_STORAGE_ERROR;
    }
    if (!is_inside(flash, offset, size) || size == 0 || size > 64u || offset % flash->prog_bytes != 0 ||
        size % flash->prog_bytes != 0 || (uintptr_t)data % sizeof(uint32_t) != 0) {
        return violation(flash);
    }
    for (uint32_t i = 0; i < size; i += flash->prog_bytes) {
        if (flash->granules[(offset + i) / flash->prog_bytes] != ERASED) {
            return violation(flash);
        }
    }
    return change(flash, offset, data, size);
}

static bnncl_status ram_erase(void *context, uint32_t offset)
{
    bnncl_storage_ram *flash = context;
    if (flash->off) {
        return BNNCL_STORAGE_ERROR;
    }
    if (!is_inside(flash, offset, flash->erase_bytes) || offset % flash->erase_bytes != 0) {
        return violation(flash);
    }
    flash->erases[offset / flash->erase_bytes]++;
    return change(flash, offset, NULL, flash->erase_bytes);
}

static bnncl_status ram_sync(void *context)
{
    bnncl_storage_ram *flash = context;
    flash->syncs++;
    return flash->off ? BNNCL_STORAGE_ERROR : BNNCL_OK;
}

void bnncl_storage_ram_format(bnncl_storage_ram *flash)
{
    memset(flash->bytes, 0xFF, flash->region_bytes);
    mark(flash, 0, flash->region_bytes, ERASED);
    for (uint32_t i = 0; i < flash->region_bytes / flash->erase_bytes; i++) {
        flash->erases[i] = 0;
    }
    flash->violations = 0;
    flash->syncs = 0;
    bnncl_storage_ram_power(flash, BNNCL_POWER_FOR_EVER, BNNCL_CUT_IN_ORDER, 0);
}

void bnncl_storage_ram_power(bnncl_storage_ram *flash, uint32_t bytes, bnncl_cut cut, uint32_t seed)
{
    flash->power = bytes;
    flash->cut = cut;
    flash->random = seed;
    flash->off = false;
}

bnncl_storage bnncl_storage_ram_port(bnncl_storage_ram *flash)
{
    const bnncl_storage port = {
        flash,    flash->region_bytes, flash->erase_bytes, flash->prog_bytes, ram_read,
        ram_prog, ram_erase,           ram_sync,
    };
    return port;
}
