/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STORAGE_RAM_H
#define BNNCL_STORAGE_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include "bnncl/storage.h"

/* NOR flash in RAM, for tests: refuses what flash forbids, counts wear, and loses power where it is told to.
 * The caller owns all memory. */

/* What an operation that lost power leaves behind. */
typedef enum {
    BNNCL_CUT_IN_ORDER =
        0,               /* bytes before the cut done, some bits of the next one, the others as they were */
    BNNCL_CUT_SOME_BITS, /* some bits done, anywhere in what the operation touches */
    BNNCL_CUT_ANY_BITS,  /* any bits at all in what the operation touches */
    BNNCL_CUT_UNREADABLE /* like ANY_BITS, and reads of it fail, as with an error-correcting code */
} bnncl_cut;

/* Power never goes. */
#define BNNCL_POWER_FOR_EVER 0xFFFFFFFFu

typedef struct {
    uint8_t *bytes;    /* [region_bytes] */
    uint8_t *granules; /* [region_bytes / prog_bytes], what was done to each since its last erase */
    uint32_t *erases;  /* [region_bytes / erase_bytes], wear of each block */
    uint32_t region_bytes;
    uint32_t erase_bytes;
    uint32_t prog_bytes;
    uint32_t power;      /* bytes that may still be written or erased */
    bnncl_cut cut;       /* what happens to those behind */
    uint32_t random;     /* state of the generator of their bits */
    uint32_t violations; /* calls that broke the rules of bnncl/storage.h; each was refused */
    uint32_t syncs;      /* calls of sync */
    bool off;            /* power is gone: every call fails */
} bnncl_storage_ram;

/* Make `flash`, whose pointers and sizes are set, erased and unworn, with power for ever. */
void bnncl_storage_ram_format(bnncl_storage_ram *flash);

/* Give power back, for `bytes` bytes of writing and erasing, and lose it then in the manner of `cut`. */
void bnncl_storage_ram_power(bnncl_storage_ram *flash, uint32_t bytes, bnncl_cut cut, uint32_t seed);

/* The port to `flash`. */
bnncl_storage bnncl_storage_ram_port(bnncl_storage_ram *flash);

#endif
