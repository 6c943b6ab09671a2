/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_LEARN_STATE_H
#define BNNCL_LEARN_STATE_H

#include <stdint.h>

/* What an experience is at. */
enum {
    BNNCL_LEARN_IDLE = 0,    /* none is open */
    BNNCL_LEARN_OPEN = 1,    /* takes samples in */
    BNNCL_LEARN_FORWARD = 2, /* at a sample of a minibatch */
    BNNCL_LEARN_UPDATE = 3,  /* at the update after samples of a minibatch */
    BNNCL_LEARN_TRAINED = 4, /* waits for the commit */
    BNNCL_LEARN_LOST = 5     /* none is open, and what was trained and given up has to be loaded first */
};

/* What changes, numbers only; all 0 at first, but for the seed. */
typedef struct {
    uint32_t seed;   /* of all random numbers */
    uint32_t phase;  /* one of BNNCL_LEARN_... */
    uint32_t steps;  /* minibatches of all committed experiences and of this one, modulo 2**32 */
    uint32_t epoch;  /* of the experience, 0..epochs */
    uint32_t batch;  /* minibatch of the epoch */
    uint32_t item;   /* sample of the minibatch; in an update of a head alone its row */
    uint32_t count;  /* samples of the experience */
    uint32_t stored; /* slots of the replay memory in use */
    uint32_t op;     /* of the sample or of the update, where more than a head learns; else 0 */
} bnncl_learn_state;

#endif
