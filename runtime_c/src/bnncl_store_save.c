/* SPDX-License-Identifier: 0BSD */
#include <string.h>

#include "bnncl/crc32.h"
#include "bnncl/internal/store.h"

/* What is being saved, and how far it has been read. */
typedef struct {
    const uint8_t *state;
    const bnncl_segment *segment; /* the next to read from */
    uint32_t done;                /* bytes of it that have been read */
} bnncl_source;

/* Copy the next `size` bytes of the state. */
static void bnncl_take(bnncl_source *source, uint8_t *to, uint32_t size)
{
    while (size > 0) {
        const uint32_t left = source->segment->size - source->done;
        const uint32_t piece = size < left ? size : left;
        memcpy(to, source->state + source->segment->offset + source->done, piece);
        to += piece;
        size -= piece;
        source->done += piece;
        if (source->done == source->segment->size) {
            source->segment++;
            source->done = 0;
        }
    }
}

/* The header but for its CRC. */
static void bnncl_write_header(uint8_t *header, const bnncl_storage *port, const bnncl_store_id *id,
                               const bnncl_slot *slot)
{
    memset(header, 0xFF, BNNCL_STORE_HEADER_BYTES);
    bnncl_put32(header + BNNCL_STORE_AT_MAGIC, BNNCL_STORE_MAGIC);
    bnncl_put32(header + BNNCL_STORE_AT_FORMAT, BNNCL_STORE_FORMAT);
    bnncl_put32(header + BNNCL_STORE_AT_SEQUENCE, slot->sequence);
    bnncl_put32(header + BNNCL_STORE_AT_SIZE, slot->size);
    memcpy(header + BNNCL_STORE_AT_FINGERPRINT, id->fingerprint, sizeof id->fingerprint);
    bnncl_put32(header + BNNCL_STORE_AT_LAYOUT, id->layout);
    bnncl_put32(header + BNNCL_STORE_AT_SLOT_BYTES, bnncl_slot_bytes(port));
}

/* Erase the blocks that the header and `size` bytes take, even where they read as erased already: an erase
 * that was cut short can look finished and still not hold what is written next. */
static bnncl_status bnncl_erase(const bnncl_storage *port, uint32_t at, uint32_t size)
{
    const uint32_t end = at + BNNCL_STORE_HEADER_BYTES + size;
    bnncl_status status = BNNCL_OK;
    for (; at < end && status == BNNCL_OK; at += port->erase_bytes) {
        status = port->erase(port->context, at);
    }
    return status;
}

/* State first, header last: without its header the slot holds nothing. */
static bnncl_status bnncl_write(const bnncl_storage *port, const bnncl_store_id *id, uint32_t at,
                                const bnncl_slot *slot, bnncl_source *source)
{
    uint32_t words[BNNCL_STORE_HEADER_BYTES / 4u];
    uint8_t *chunk = (uint8_t *)words;
    bnncl_write_header(chunk, port, id, slot);
    uint32_t crc = bnncl_store_crc32(0, chunk, BNNCL_STORE_AT_CRC);
    for (uint32_t done = 0; done < slot->size; done += BNNCL_STORE_HEADER_BYTES) {
        const uint32_t left = slot->size - done;
        const uint32_t piece = left < BNNCL_STORE_HEADER_BYTES ? left : BNNCL_STORE_HEADER_BYTES;
        memset(chunk, 0xFF, BNNCL_STORE_HEADER_BYTES);
        bnncl_take(source, chunk, piece);
        crc = bnncl_store_crc32(crc, chunk, piece);
        const uint32_t granules = (piece + port->prog_bytes - 1u) & ~(port->prog_bytes - 1u);
        if (port->prog(port->context, at + BNNCL_STORE_HEADER_BYTES + done, chunk, granules) != BNNCL_OK) {
            return BNNCL_STORAGE_ERROR;
        }
    }
    if (port->sync(port->context) != BNNCL_OK) {
        return BNNCL_STORAGE_ERROR;
    }
    bnncl_write_header(chunk, port, id, slot);
    bnncl_put32(chunk + BNNCL_STORE_AT_CRC, crc);
    if (port->prog(port->context, at, chunk, BNNCL_STORE_HEADER_BYTES) != BNNCL_OK) {
        return BNNCL_STORAGE_ERROR;
    }
    return port->sync(port->context);
}

bnncl_status bnncl_store_save(const bnncl_storage *port, const bnncl_store_id *id, const void *state,
                              const bnncl_segment *segments, size_t count)
{
    bnncl_slot slots[2];
    bnncl_slot made = {BNNCL_SLOT_MINE, 1u, 0};
    if (!port || !id || !state || !segments) {
        return BNNCL_BAD_ARGUMENT;
    }
    bnncl_status status = bnncl_store_scan(port, id, slots);
    if (status == BNNCL_OK) {
        status = bnncl_store_total(port, segments, count, &made.size);
    }
    if (status != BNNCL_OK) {
        return status;
    }
    const uint32_t newest = bnncl_newest(slots, BNNCL_SLOT_OTHER);
    const uint32_t mine = bnncl_newest(slots, BNNCL_SLOT_MINE);
    const uint32_t kept = mine != BNNCL_NO_SLOT ? mine : newest;
    const uint32_t target = kept == 0 ? 1u : 0u;
    if (newest != BNNCL_NO_SLOT) {
        made.sequence = slots[newest].sequence + 1u;
    }
    const uint32_t at = target * bnncl_slot_bytes(port);
    bnncl_source source = {state, segments, 0};
    if (bnncl_erase(port, at, made.size) != BNNCL_OK ||
        bnncl_write(port, id, at, &made, &source) != BNNCL_OK ||
        bnncl_store_scan(port, id, slots) != BNNCL_OK || slots[target].kind != BNNCL_SLOT_MINE ||
        slots[target].sequence != made.sequence) {
        return BNNCL_STORAGE_ERROR;
    }
    return BNNCL_OK;
}
