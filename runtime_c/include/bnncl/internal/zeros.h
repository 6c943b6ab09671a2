/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ZEROS_H
#define BNNCL_INTERNAL_ZEROS_H

#include <stddef.h>
#include <stdint.h>

/* Set `count` numbers to 0, four at a time: compilers make a call of memset of a plain loop, and that goes byte by
 * byte in small C libraries. */
#define BNNCL_ZEROS(numbers, count)                                                                          \
    do {                                                                                                     \
        for (size_t fours = (count) / 4u; fours > 0; fours--) {                                              \
            (numbers)[0] = 0;                                                                                \
            (numbers)[1] = 0;                                                                                \
            (numbers)[2] = 0;                                                                                \
            (numbers)[3] = 0;                                                                                \
            (numbers) += 4;                                                                                  \
        }                                                                                                    \
        if (((count) & 2u) != 0) {                                                                           \
            (numbers)[0] = 0;                                                                                \
            (numbers)[1] = 0;                                                                                \
            (numbers) += 2;                                                                                  \
        }                                                                                                    \
        if (((count) & 1u) != 0) {                                                                           \
            (numbers)[0] = 0;                                                                                \
        }                                                                                                    \
    } while (0)

static inline void bnncl_zeros(int32_t *numbers, size_t count)
{
    BNNCL_ZEROS(numbers, count);
}

static inline void bnncl_zeros_i16(int16_t *numbers, size_t count)
{
    BNNCL_ZEROS(numbers, count);
}

#endif
