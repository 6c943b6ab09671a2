/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/store.h"

bnncl_status bnncl_store_find(const bnncl_storage *port, const bnncl_store_id *id, bnncl_store_found *found)
{
    bnncl_slot slots[2];
    if (!port || !id || !found) {
        return BNNCL_BAD_ARGUMENT;
    }
    const bnncl_status status = bnncl_store_scan(port, id, slots);
    if (status != BNNCL_OK) {
        return status;
    }
    const uint32_t newest = bnncl_newest(slots, BNNCL_SLOT_MINE);
    if (newest != BNNCL_NO_SLOT) {
        found->offset = newest * bnncl_slot_bytes(port) + BNNCL_STORE_HEADER_BYTES;
        found->size = slots[newest].size;
        found->sequence = slots[newest].sequence;
        return BNNCL_OK;
    }
    if (slots[0].kind == BNNCL_SLOT_OTHER || slots[1].kind == BNNCL_SLOT_OTHER) {
        return BNNCL_BAD_FINGERPRINT;
    }
    return slots[0].kind == BNNCL_SLOT_EMPTY && slots[1].kind == BNNCL_SLOT_EMPTY ? BNNCL_NO_STATE
                                                                                  : BNNCL_CORRUPT;
}
