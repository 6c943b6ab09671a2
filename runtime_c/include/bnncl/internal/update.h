/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_UPDATE_H
#define BNNCL_INTERNAL_UPDATE_H

#include "bnncl/fixed.h"
#include "bnncl/internal/element.h"
#include "bnncl/internal/learn.h"
#include "bnncl/prng.h"
#include "bnncl/update.h"

#include <stddef.h>
#include <stdint.h>

/* The rate is at most the multiplier. */
static inline bnncl_learn_rate bnncl_update_rate(const bnncl_update *update, const uint32_t *cursor)
{
    bnncl_learn_rate rate;
    rate.rate = (int32_t)((update->multiplier + cursor[2] / 2u) / cursor[2]);
    rate.limit = update->limit;
    rate.shift = update->shift;
    rate.noise = bnncl_hash_step(cursor[0], update->stream, cursor[1]);
    rate.first = 0;
    rate.stochastic = update->stochastic != 0;
    return rate;
}

/* Where no gradient is, the term alone is shifted, and that gives 0. */
static inline void bnncl_update_all(const bnncl_learn_rate *rate, void *weights, const void *acc,
                                    uint32_t count, bnncl_load load, bnncl_store store, bnncl_load load_acc)
{
    for (uint32_t at = 0; at < count; at++) {
        const int32_t weight = load(weights, at);
        const int32_t gradient = load_acc(acc, at);
        if (gradient != 0) {
            store(weights, at, bnncl_changed_weight(rate, (int16_t)weight, gradient, at));
        } else {
            store(weights, at, bnncl_saturate32(weight, -rate->limit, rate->limit));
        }
    }
}

/* Only the signs are kept. */
static inline void bnncl_update_signs(void *weights, int32_t limit, uint32_t count, bnncl_load load,
                                      bnncl_store store)
{
    for (uint32_t at = 0; at < count; at++) {
        store(weights, at, load(weights, at) < 0 ? -limit : limit);
    }
}

/* The common kinds of a rate have a loop of their own each, in which the compiler knows them. */
static inline void bnncl_update_each(bnncl_learn_rate rate, void *weights, const void *acc, uint32_t count,
                                     bnncl_load load, bnncl_store store, bnncl_load load_acc)
{
    if (rate.shift == 32u && rate.stochastic) {
        rate.shift = 32;
        rate.stochastic = true;
        bnncl_update_all(&rate, weights, acc, count, load, store, load_acc);
    } else if (rate.shift == 32u) {
        rate.shift = 32;
        rate.stochastic = false;
        bnncl_update_all(&rate, weights, acc, count, load, store, load_acc);
    } else {
        bnncl_update_all(&rate, weights, acc, count, load, store, load_acc);
    }
}

#endif
