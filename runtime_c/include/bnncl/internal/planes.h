/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_PLANES_H
#define BNNCL_INTERNAL_PLANES_H

#include <stddef.h>
#include <stdint.h>

/* Bit-sliced counters: 32 counters in `count` words (planes); bit k of the counter of lane j is bit j of
 * plane k. Words of one bit per lane are added with full adders, each of which turns three words of weight
 * 2**k into one of 2**k and one of 2**(k+1). */

/* Adds x and y to *sum and returns the carries. */
static inline uint32_t bnncl_full_add(uint32_t *sum, uint32_t x, uint32_t y)
{
    const uint32_t either = *sum ^ x;
    const uint32_t carry = (*sum & x) | (either & y);
    *sum = either ^ y;
    return carry;
}

/* Sets every counter to `value`. */
static inline void bnncl_planes_of(uint32_t *planes, uint32_t count, uint32_t value)
{
    for (uint32_t k = 0; k < count; k++) {
        planes[k] = 0u - ((value >> k) & 1u);
    }
}

/* Adds four rows into planes 0 and 1 and returns the carries, of weight 4. */
static inline uint32_t bnncl_add_four(uint32_t *low, const uint32_t *rows, const uint16_t *list)
{
    const uint32_t first = bnncl_full_add(&low[0], rows[list[0]], rows[list[1]]);
    const uint32_t second = bnncl_full_add(&low[0], rows[list[2]], rows[list[3]]);
    return bnncl_full_add(&low[1], first, second);
}

/* Adds the rows that 4 * `blocks` entries of `list` name into planes 0..2. Writes the carries, words of
 * weight 8, one for each two blocks begun, and returns the end of them. */
static inline uint32_t *bnncl_add_list(uint32_t *low, const uint32_t *rows, const uint16_t *list,
                                       uint32_t blocks, uint32_t *carry)
{
    for (; blocks >= 2; blocks -= 2) {
        const uint32_t first = bnncl_add_four(low, rows, list);
        const uint32_t second = bnncl_add_four(low, rows, list + 4);
        *carry++ = bnncl_full_add(&low[2], first, second);
        list += 8;
    }
    if (blocks > 0) {
        const uint32_t last = bnncl_add_four(low, rows, list);
        *carry++ = low[2] & last;
        low[2] ^= last;
    }
    return carry;
}

/* Adds `left` words into `planes`, the first of which has the words' weight; two planes at a time, each
 * four words leave one of four times their weight. `count` is even. The words are used up; there is room
 * for three more. Carries out of the last plane are dropped: counters are exact modulo 2**count. */
static inline void bnncl_add_carries(uint32_t *planes, uint32_t count, uint32_t *words, size_t left)
{
    for (uint32_t k = 0; k < count; k += 2) {
        while (left % 4 != 0) {
            words[left++] = 0;
        }
        uint32_t even = planes[k];
        uint32_t odd = planes[k + 1];
        for (size_t i = 0; i < left; i += 4) {
            const uint32_t first = bnncl_full_add(&even, words[i], words[i + 1]);
            const uint32_t second = bnncl_full_add(&even, words[i + 2], words[i + 3]);
            words[i / 4] = bnncl_full_add(&odd, first, second);
        }
        planes[k] = even;
        planes[k + 1] = odd;
        left /= 4;
    }
}

/* One step of a comparison from the least plane up: where the bits differ the higher one decides anew. */
static inline uint32_t bnncl_still_below(uint32_t below, uint32_t plane, uint32_t limit)
{
    return below ^ ((plane ^ limit) & (below ^ limit));
}

/* The lanes whose counter is below that of `limit`. */
static inline uint32_t bnncl_below(const uint32_t *planes, const uint32_t *limit, uint32_t count)
{
    uint32_t below = 0;
    for (uint32_t k = 0; k < count; k++) {
        below = bnncl_still_below(below, planes[k], limit[k]);
    }
    return below;
}

/* Counters of lanes lane..lane+3, 8 planes at most, one in each byte. Multiplied by 1 + 2**7 + 2**14 + 2**21
 * bit i of a nibble lands on bits i, i + 7, i + 14, i + 21, all different: bit 8i of them is kept. */
static inline uint32_t bnncl_four_counters(const uint32_t *planes, uint32_t count, uint32_t lane)
{
    uint32_t bytes = 0;
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t nibble = (planes[k] >> lane) & 15u;
        bytes |= ((nibble * 0x00204081u) & 0x01010101u) << k;
    }
    return bytes;
}

/* Counters of lanes lane..lane+3 as numbers. */
static inline void bnncl_read_counters(const uint32_t *planes, uint32_t count, uint32_t lane,
                                       uint32_t numbers[4])
{
    numbers[0] = numbers[1] = numbers[2] = numbers[3] = 0;
    for (uint32_t k = 0; k < count; k += 8) {
        const uint32_t bytes = bnncl_four_counters(planes + k, count - k < 8 ? count - k : 8, lane);
        for (uint32_t i = 0; i < 4; i++) {
            numbers[i] |= ((bytes >> (8 * i)) & 0xFFu) << k;
        }
    }
}

/* Adds one bit of each lane to the counters of `count` planes. */
static inline void bnncl_count_bits(uint32_t *planes, uint32_t count, uint32_t carry)
{
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t sum = planes[k] ^ carry;
        carry &= planes[k];
        planes[k] = sum;
    }
}

/* The counter of one lane. */
static inline uint32_t bnncl_counter_of(const uint32_t *planes, uint32_t count, uint32_t lane)
{
    uint32_t counter = 0;
    for (uint32_t k = 0; k < count; k++) {
        counter |= ((planes[k] >> lane) & 1u) << k;
    }
    return counter;
}

#endif
