/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_STORE_H
#define BNNCL_INTERNAL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "bnncl/store.h"

/* The header of a slot, offsets in bytes; numbers are little-endian, what is not listed is 0xFF. */
#define BNNCL_STORE_AT_MAGIC 0u        /* "BNCL" */
#define BNNCL_STORE_AT_FORMAT 4u       /* version of this format */
#define BNNCL_STORE_AT_SEQUENCE 8u     /* of the save */
#define BNNCL_STORE_AT_SIZE 12u        /* of the state behind the header */
#define BNNCL_STORE_AT_FINGERPRINT 16u /* of the model, 16 bytes */
#define BNNCL_STORE_AT_LAYOUT 32u      /* of the state */
#define BNNCL_STORE_AT_SLOT_BYTES 36u  /* of the slot, for readers that have no port */
#define BNNCL_STORE_AT_CRC 60u         /* of the 60 bytes before and the state */

#define BNNCL_STORE_MAGIC 0x4C434E42u
#define BNNCL_STORE_FORMAT 1u

/* What lies in a slot: nothing, nothing whole, the whole state of another model or layout, or of ours. */
typedef enum {
    BNNCL_SLOT_EMPTY = 0,
    BNNCL_SLOT_BROKEN = 1,
    BNNCL_SLOT_OTHER = 2,
    BNNCL_SLOT_MINE = 3
} bnncl_slot_kind;

typedef struct {
    bnncl_slot_kind kind;
    uint32_t sequence; /* where it is whole, as `size` */
    uint32_t size;
} bnncl_slot;

/* No slot, as an index. */
#define BNNCL_NO_SLOT 2u

static inline uint32_t bnncl_slot_bytes(const bnncl_storage *port)
{
    return port->region_bytes / 2u;
}

static inline uint32_t bnncl_get32(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline void bnncl_put32(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    to[2] = (uint8_t)(value >> 16);
    to[3] = (uint8_t)(value >> 24);
}

/* Whether sequence number `a` came after `b`: at most 2**31 - 1 saves lie between the two. */
static inline bool bnncl_is_newer(uint32_t a, uint32_t b)
{
    return a - b - 1u < 0x7FFFFFFFu;
}

/* The slot with the newest whole state of at least `kind`; BNNCL_NO_SLOT where there is none. */
static inline uint32_t bnncl_newest(const bnncl_slot slots[2], bnncl_slot_kind kind)
{
    if (slots[0].kind < kind) {
        return slots[1].kind < kind ? BNNCL_NO_SLOT : 1u;
    }
    return slots[1].kind >= kind && bnncl_is_newer(slots[1].sequence, slots[0].sequence) ? 1u : 0u;
}

/* Set `total` to the bytes of all segments; BNNCL_TOO_SMALL where a slot cannot hold them. */
static inline bnncl_status bnncl_store_total(const bnncl_storage *port, const bnncl_segment *segments,
                                             size_t count, uint32_t *total)
{
    uint32_t left = bnncl_slot_bytes(port) - BNNCL_STORE_HEADER_BYTES;
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].size > left) {
            return BNNCL_TOO_SMALL;
        }
        left -= segments[i].size;
        *total += segments[i].size;
    }
    return BNNCL_OK;
}

/* Check the port's sizes and read both slots from end to end. BNNCL_BAD_ARGUMENT, BNNCL_TOO_SMALL: the sizes
 * are not those of a port; a slot cannot even hold a header. */
bnncl_status bnncl_store_scan(const bnncl_storage *port, const bnncl_store_id *id, bnncl_slot slots[2]);

#endif
