/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_EPILOGUE_H
#define BNNCL_EPILOGUE_H

#include <stdint.h>

/* A staircase of +1 and -1 over integers, for each channel c: the result starts at `first` for very small
 * numbers and changes sign at each at[s][c] that the number reaches. INT32_MAX marks a step that is not
 * there: no accumulator reaches it. */
typedef struct {
    const int32_t *at;     /* [count][channels], rising with s */
    const uint32_t *first; /* [ceil(channels / 32)] words, bit 1 = -1, tail bits 0 */
    uint32_t count;        /* number of steps, 0 or more */
} bnncl_steps;

/* An affine map to fewer bits, for each channel c:
 * saturate(floor((q * multiplier[c] + bias[c]) / 2**shift[c])). */
typedef struct {
    const int32_t *multiplier; /* [channels] */
    const int64_t *bias;       /* [channels], offset and the half that rounds */
    const uint8_t *shift;      /* [channels], 0..62 */
    int32_t lo;                /* least result */
    int32_t hi;                /* greatest result */
    uint32_t bits;             /* storage of the result: 8 or 16 */
} bnncl_rescale;

#endif
