/* SPDX-License-Identifier: 0BSD */
#include "bnncl/crc32.h"
#include "bnncl/internal/store.h"

static bnncl_status bnncl_check_port(const bnncl_storage *port)
{
    const uint32_t granule = port->prog_bytes;
    if (!port->read || !port->prog || !port->erase || !port->sync) {
        return BNNCL_BAD_ARGUMENT;
    }
    if (granule == 0 || granule > 32u || (granule & (granule - 1u)) != 0) {
        return BNNCL_BAD_ARGUMENT;
    }
    if (port->erase_bytes == 0 || port->erase_bytes % granule != 0) {
        return BNNCL_BAD_ARGUMENT;
    }
    const uint32_t slot_bytes = bnncl_slot_bytes(port);
    if (slot_bytes < port->erase_bytes || slot_bytes < BNNCL_STORE_HEADER_BYTES) {
        return BNNCL_TOO_SMALL;
    }
    return port->region_bytes % 2u != 0 || slot_bytes % port->erase_bytes != 0 ? BNNCL_BAD_ARGUMENT
                                                                               : BNNCL_OK;
}

static bool bnncl_is_erased(const uint8_t *bytes)
{
    uint32_t all = 0xFFu;
    for (uint32_t i = 0; i < BNNCL_STORE_HEADER_BYTES; i++) {
        all &= bytes[i];
    }
    return all == 0xFFu;
}

/* Without memcmp, which a native module of MicroPython cannot call. */
static bool bnncl_is_fingerprint(const uint8_t *bytes, const bnncl_store_id *id)
{
    uint32_t different = 0;
    for (uint32_t i = 0; i < sizeof id->fingerprint; i++) {
        different |= (uint32_t)(bytes[i] ^ id->fingerprint[i]);
    }
    return different == 0;
}

/* Read `size` bytes of state from `at` on, in pieces that fit `chunk`, into the CRC. */
static bnncl_status bnncl_checksum(const bnncl_storage *port, uint32_t at, uint32_t size, uint8_t *chunk,
                                   uint32_t *crc)
{
    while (size > 0) {
        const uint32_t piece = size < BNNCL_STORE_HEADER_BYTES ? size : BNNCL_STORE_HEADER_BYTES;
        const bnncl_status status = port->read(port->context, at, chunk, piece);
        if (status != BNNCL_OK) {
            return status;
        }
        *crc = bnncl_store_crc32(*crc, chunk, piece);
        at += piece;
        size -= piece;
    }
    return BNNCL_OK;
}

/* BNNCL_CORRUPT where the slot holds something that is not whole. */
static bnncl_status bnncl_examine(const bnncl_storage *port, const bnncl_store_id *id, uint32_t offset,
                                  bnncl_slot *slot)
{
    uint8_t chunk[BNNCL_STORE_HEADER_BYTES];
    bnncl_status status = port->read(port->context, offset, chunk, sizeof chunk);
    if (status != BNNCL_OK) {
        return status;
    }
    if (bnncl_is_erased(chunk)) {
        slot->kind = BNNCL_SLOT_EMPTY;
        return BNNCL_OK;
    }
    slot->sequence = bnncl_get32(chunk + BNNCL_STORE_AT_SEQUENCE);
    slot->size = bnncl_get32(chunk + BNNCL_STORE_AT_SIZE);
    if (bnncl_get32(chunk + BNNCL_STORE_AT_MAGIC) != BNNCL_STORE_MAGIC ||
        bnncl_get32(chunk + BNNCL_STORE_AT_FORMAT) != BNNCL_STORE_FORMAT ||
        slot->size > bnncl_slot_bytes(port) - BNNCL_STORE_HEADER_BYTES) {
        return BNNCL_CORRUPT;
    }
    const bool mine = bnncl_is_fingerprint(chunk + BNNCL_STORE_AT_FINGERPRINT, id) &&
                      bnncl_get32(chunk + BNNCL_STORE_AT_LAYOUT) == id->layout;
    const uint32_t wanted = bnncl_get32(chunk + BNNCL_STORE_AT_CRC);
    uint32_t crc = bnncl_store_crc32(0, chunk, BNNCL_STORE_AT_CRC);
    status = bnncl_checksum(port, offset + BNNCL_STORE_HEADER_BYTES, slot->size, chunk, &crc);
    if (status != BNNCL_OK) {
        return status;
    }
    slot->kind = mine ? BNNCL_SLOT_MINE : BNNCL_SLOT_OTHER;
    return crc == wanted ? BNNCL_OK : BNNCL_CORRUPT;
}

bnncl_status bnncl_store_scan(const bnncl_storage *port, const bnncl_store_id *id, bnncl_slot slots[2])
{
    bnncl_status status = bnncl_check_port(port);
    for (uint32_t i = 0; i < 2u && status == BNNCL_OK; i++) {
        status = bnncl_examine(port, id, i * bnncl_slot_bytes(port), &slots[i]);
        if (status == BNNCL_CORRUPT) {
            slots[i].kind = BNNCL_SLOT_BROKEN;
            status = BNNCL_OK;
        }
    }
    return status;
}
