/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STATUS_H
#define BNNCL_STATUS_H

/* What every public function of a generated project returns. */
typedef enum {
    BNNCL_OK = 0,              /* done */
    BNNCL_BAD_ARGUMENT = 1,    /* an argument is NULL or out of its range; nothing was changed */
    BNNCL_SELFTEST_FAILED = 2, /* a computed value differs from the reference */
    BNNCL_BUSY = 3,            /* not possible in this phase; try again later */
    BNNCL_FULL = 4,            /* a buffer of fixed size holds no more */
    BNNCL_STORAGE_ERROR = 5,   /* the storage port reported an error */
    BNNCL_NO_STATE = 6,        /* the storage holds no state at all */
    BNNCL_BAD_FINGERPRINT = 7, /* the storage holds the state of another model or another version */
    BNNCL_CORRUPT = 8,         /* the storage holds something, but no state that is whole */
    BNNCL_TOO_SMALL = 9,       /* the storage cannot hold the state */
    BNNCL_BAD_LABEL = 10,      /* there is no class of that number; nothing was changed */
    BNNCL_BAD_STATE = 11,      /* calls in the wrong order; nothing was changed */
    BNNCL_EMPTY = 12,          /* there is nothing to learn from; nothing was changed */
    BNNCL_STATE_LOST =
        13 /* what was learned is gone: a load failed half-way, or nothing was kept to go back to */
} bnncl_status;

#endif
