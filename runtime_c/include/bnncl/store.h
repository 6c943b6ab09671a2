/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STORE_H
#define BNNCL_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "bnncl/storage.h"

/* Keeps one state in two slots of a region, so that one is whole at any moment. The format, and why it is
 * safe, byte by byte: docs/storage.md. */

/* Bytes that a state takes in its slot beyond its own; a slot needs this much plus the state. */
#define BNNCL_STORE_HEADER_BYTES 64u

/* What a state belongs to. */
typedef struct {
    uint8_t fingerprint[16]; /* the first bytes of the model's SHA-256 */
    uint32_t layout;         /* version of the order and the types of what is stored */
} bnncl_store_id;

/* A piece of the state; the pieces are stored one after another, as their bytes lie in memory. */
typedef struct {
    uint32_t offset; /* bytes from the start of the state's struct */
    uint32_t size;   /* bytes */
} bnncl_segment;

/* A stored state that was read once from end to end and found whole. */
typedef struct {
    uint32_t offset;   /* of its first byte in the region, behind the header */
    uint32_t size;     /* bytes */
    uint32_t sequence; /* grows by one with each save, modulo 2**32 */
} bnncl_store_found;

/* Write the `count` segments of `state` to the slot that does not hold the state last saved.
 *
 * Whenever power goes, before or inside any prog or erase, what bnncl_store_load finds afterwards is the
 * state saved before or this one, whole. Reads all of it back before it returns BNNCL_OK. `state` must not
 * change meanwhile. BNNCL_TOO_SMALL: a slot cannot hold it, nothing was written. BNNCL_STORAGE_ERROR: the
 * port failed or does not hold what was written; the state saved before still loads. */
bnncl_status bnncl_store_save(const bnncl_storage *port, const bnncl_store_id *id, const void *state,
                              const bnncl_segment *segments, size_t count);

/* Read the newest whole state of `id` into the `count` segments of `state`.
 *
 * `state` is written after everything has been checked. BNNCL_NO_STATE: both slots are erased.
 * BNNCL_CORRUPT: something lies there, nothing of it whole. BNNCL_BAD_FINGERPRINT: what is whole belongs to
 * another model or layout, or is not as long as the segments. BNNCL_TOO_SMALL: a slot could not hold the
 * segments. BNNCL_STORAGE_ERROR: the port failed before `state` was touched. Only after BNNCL_STATE_LOST has `state`
 * possibly changed and has to be set up again: the port failed later, or gave other bytes than when they were
 * checked. */
bnncl_status bnncl_store_load(const bnncl_storage *port, const bnncl_store_id *id, void *state,
                              const bnncl_segment *segments, size_t count);

/* Find the newest whole state of `id`, without reading it in. Same statuses as bnncl_store_load; `found` is
 * written with BNNCL_OK only. */
bnncl_status bnncl_store_find(const bnncl_storage *port, const bnncl_store_id *id, bnncl_store_found *found);

#endif
