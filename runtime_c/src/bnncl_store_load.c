/* SPDX-License-Identifier: 0BSD */
#include "bnncl/crc32.h"
#include "bnncl/internal/store.h"

/* The second reading. It is checked like the first, since memory at its end may not read the same twice. */
static bnncl_status bnncl_read_in(const bnncl_storage *port, uint32_t at, uint8_t *state,
                                  const bnncl_segment *segments, size_t count)
{
    uint8_t header[BNNCL_STORE_HEADER_BYTES];
    if (port->read(port->context, at - BNNCL_STORE_HEADER_BYTES, header, sizeof header) != BNNCL_OK) {
        return BNNCL_STORAGE_ERROR;
    }
    uint32_t crc = bnncl_store_crc32(0, header, BNNCL_STORE_AT_CRC);
    for (size_t i = 0; i < count; i++) {
        uint8_t *to = state + segments[i].offset;
        if (port->read(port->context, at, to, segments[i].size) != BNNCL_OK) {
            return BNNCL_STATE_LOST;
        }
        crc = bnncl_store_crc32(crc, to, segments[i].size);
        at += segments[i].size;
    }
    return crc == bnncl_get32(header + BNNCL_STORE_AT_CRC) ? BNNCL_OK : BNNCL_STATE_LOST;
}

bnncl_status bnncl_store_load(const bnncl_storage *port, const bnncl_store_id *id, void *state,
                              const bnncl_segment *segments, size_t count)
{
    bnncl_store_found found;
    uint32_t total;
    if (!state || !segments) {
        return BNNCL_BAD_ARGUMENT;
    }
    const bnncl_status status = bnncl_store_find(port, id, &found);
    if (status == BNNCL_BAD_ARGUMENT || status == BNNCL_TOO_SMALL) {
        return status;
    }
    if (bnncl_store_total(port, segments, count, &total) != BNNCL_OK) {
        return BNNCL_TOO_SMALL;
    }
    if (status != BNNCL_OK) {
        return status;
    }
    return found.size == total ? bnncl_read_in(port, found.offset, state, segments, count)
                               : BNNCL_BAD_FINGERPRINT;
}
