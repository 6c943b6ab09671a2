/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STORAGE_H
#define BNNCL_STORAGE_H

#include <stdint.h>

#include "bnncl/status.h"

/* How learned state reaches memory that keeps it: four functions over a region of NOR flash, or of anything
 * that behaves no worse.
 *
 * Offsets are bytes from the start of the region. An erase sets a block of erase_bytes to 0xFF. A prog writes
 * whole granules of prog_bytes that have not been written since their block was erased. A prog or an erase
 * that power cuts short leaves any bits in what it was to write, and no others changed; what is read from
 * there afterwards must then stay the same from read to read, or be reported as BNNCL_CORRUPT. */

/* Read `size` bytes at `offset` into `data`; any offset, any size. BNNCL_CORRUPT where the memory itself
 * knows that what it holds there is damaged (an error-correcting code). */
typedef bnncl_status bnncl_storage_read(void *context, uint32_t offset, void *data, uint32_t size);

/* Write `size` bytes from `data`, which is aligned for uint32_t; offset and size are multiples of prog_bytes,
 * the size is at most 64. */
typedef bnncl_status bnncl_storage_prog(void *context, uint32_t offset, const void *data, uint32_t size);

/* Erase the block that starts at `offset`, a multiple of erase_bytes. */
typedef bnncl_status bnncl_storage_erase(void *context, uint32_t offset);

/* Return when everything written so far will survive a loss of power. */
typedef bnncl_status bnncl_storage_sync(void *context);

/* Every function returns BNNCL_OK or BNNCL_STORAGE_ERROR, a read also BNNCL_CORRUPT. */
typedef struct {
    void *context;         /* handed to each function */
    uint32_t region_bytes; /* an even number of blocks: the first half is slot A, the second slot B */
    uint32_t erase_bytes;  /* a block, a multiple of prog_bytes */
    uint32_t prog_bytes;   /* a granule: 1, 2, 4, 8, 16 or 32 */
    bnncl_storage_read *read;
    bnncl_storage_prog *prog;
    bnncl_storage_erase *erase;
    bnncl_storage_sync *sync;
} bnncl_storage;

#endif
