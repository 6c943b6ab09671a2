/* SPDX-License-Identifier: 0BSD */
#include "bnncl/backward.h"
#include "bnncl/internal/backward.h"

/* A word of memory, one wide number or two mantissas: where both arrays are the same one, a word is read before
 * mantissas are written to it, and the compiler has to keep that order, as it need not between pointers to numbers of
 * different types. */
typedef union {
    int32_t wide;
    int16_t mantissas[2];
} bnncl_word;

static void bnncl_normalise_words(const bnncl_word *x, bnncl_word *output, const bnncl_shift *shift,
                                  size_t count)
{
    const size_t pairs = count / 2u;
    for (size_t i = 0; i < pairs; i++) {
        const int32_t first = bnncl_shifted(shift, x[0].wide);
        const int32_t second = bnncl_shifted(shift, x[1].wide);
        output[i].mantissas[0] = (int16_t)first;
        output[i].mantissas[1] = (int16_t)second;
        x += 2;
    }
    if (count % 2u != 0) {
        output[pairs].mantissas[0] = (int16_t)bnncl_shifted(shift, x->wide);
    }
}

void bnncl_normalise_i32(const int32_t *x, const int32_t *x_exponent, const int32_t *exponent,
                         int16_t *output, int32_t bias, uint32_t bits, uint32_t count)
{
    const bnncl_shift shift = bnncl_normaliser(x_exponent, exponent, bias, bits);
    bnncl_normalise_words((const void *)x, (void *)output, &shift, count);
}
