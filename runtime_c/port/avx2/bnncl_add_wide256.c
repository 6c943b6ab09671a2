/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_wide.h"

/* Native modules of MicroPython have no library that knows the machine they run on. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(BNNCL_PURE_C) && !defined(MICROPY_ENABLE_DYNRUNTIME)

#include <immintrin.h>

#define BNNCL_AVX2 __attribute__((target("avx2")))

/* Planes 0..3, and carries of weight 4 and 8 that wait for a second. */
typedef struct {
    __m256i ones;
    __m256i twos;
    __m256i fours;
    __m256i eights;
    __m256i four;
    __m256i eight;
} bnncl_low_vectors;

BNNCL_AVX2 static inline __m256i bnncl_vector_at(const void *address)
{
    return _mm256_loadu_si256(address);
}

BNNCL_AVX2 static inline void bnncl_store_vector(void *address, __m256i vector)
{
    _mm256_storeu_si256(address, vector);
}

/* Adds x and y to *sum and returns the carries. */
BNNCL_AVX2 static inline __m256i bnncl_add_two(__m256i *sum, __m256i x, __m256i y)
{
    const __m256i first = _mm256_xor_si256(*sum, x);
    const __m256i carry = _mm256_andnot_si256(first, x);
    *sum = _mm256_xor_si256(first, y);
    return _mm256_or_si256(carry, _mm256_andnot_si256(*sum, y));
}

/* Adds four vectors of the weight of `even` and returns the carries, of four times the weight, in 14
 * operations, by way of a carry and where the other one differs from it (docs/numerics.md). */
BNNCL_AVX2 static inline __m256i bnncl_add_four_vectors(__m256i *even, __m256i *odd, const __m256i x[4])
{
    const __m256i first = _mm256_xor_si256(x[1], x[0]);
    const __m256i second = _mm256_xor_si256(x[3], x[2]);
    const __m256i half = _mm256_xor_si256(*even, first);
    const __m256i either = _mm256_or_si256(_mm256_xor_si256(x[0], *even), first);
    const __m256i other = _mm256_andnot_si256(second, _mm256_xor_si256(x[2], half));
    const __m256i differ = _mm256_xor_si256(either, other);
    const __m256i carry = _mm256_xor_si256(_mm256_xor_si256(either, half), *odd);
    *even = _mm256_xor_si256(half, second);
    *odd = _mm256_xor_si256(*odd, differ);
    return _mm256_xor_si256(_mm256_or_si256(carry, differ), *odd);
}

/* Adds four rows into planes 0 and 1 and returns the carries, of weight 4. */
BNNCL_AVX2 static inline __m256i bnncl_add_quad(bnncl_low_vectors *low, uintptr_t base, const uint32_t *entry)
{
    __m256i x[4];
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = bnncl_vector_at((const void *)(base + entry[i]));
    }
    return bnncl_add_four_vectors(&low->ones, &low->twos, x);
}

/* The same for `count` rows, 1..3. */
BNNCL_AVX2 static inline __m256i bnncl_add_rest(bnncl_low_vectors *low, uintptr_t base, const uint32_t *entry,
                                                uint32_t count)
{
    __m256i x[4];
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = i < count ? bnncl_vector_at((const void *)(base + entry[i])) : _mm256_setzero_si256();
    }
    return bnncl_add_four_vectors(&low->ones, &low->twos, x);
}

/* Adds a carry of weight 4, the number `at` of its block of four, 0..3, and stores what has weight 16 at
 * `carry` with the last one. */
BNNCL_AVX2 static inline void bnncl_add_carry(bnncl_low_vectors *low, __m256i four, uint32_t at,
                                              uint32_t *carry)
{
    if (at % 2u == 0) {
        low->four = four;
    } else {
        const __m256i eight = bnncl_add_two(&low->fours, low->four, four);
        if (at == 1) {
            low->eight = eight;
        } else {
            bnncl_store_vector(carry, bnncl_add_two(&low->eights, low->eight, eight));
        }
    }
}

/* Adds the rows of one part into planes 0..3. Writes the carries, of weight 16, and returns the end of them.
 * What is no multiple of 16 comes first, as if zeros had gone before. */
BNNCL_AVX2 static inline uint32_t *bnncl_add_vectors_of(bnncl_low_vectors *low, uintptr_t rows,
                                                        const uint32_t *entry, const bnncl_rows_part *part,
                                                        uint32_t *carry)
{
    const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
    const uint32_t quads = (part->count + 3u) / 4u;
    const uint32_t *const end = entry + part->first + part->count;
    uint32_t at = (4u - quads % 4u) % 4u;
    entry += part->first;
    low->four = _mm256_setzero_si256();
    low->eight = _mm256_setzero_si256();
    if (part->count % 4u > 0) {
        bnncl_add_carry(low, bnncl_add_rest(low, base, entry, part->count % 4u), at, carry);
        entry += part->count % 4u;
        carry += at == 3 ? BNNCL_WIDEST : 0;
        at = (at + 1u) % 4u;
    }
    for (; at > 0; at = (at + 1u) % 4u) {
        bnncl_add_carry(low, bnncl_add_quad(low, base, entry), at, carry);
        entry += 4;
        carry += at == 3 ? BNNCL_WIDEST : 0;
    }
    for (; entry < end; entry += 16) {
        const __m256i first = bnncl_add_quad(low, base, entry);
        const __m256i second = bnncl_add_quad(low, base, entry + 4);
        const __m256i eight = bnncl_add_two(&low->fours, first, second);
        const __m256i third = bnncl_add_quad(low, base, entry + 8);
        const __m256i fourth = bnncl_add_quad(low, base, entry + 12);
        const __m256i last = bnncl_add_two(&low->fours, third, fourth);
        bnncl_store_vector(carry, bnncl_add_two(&low->eights, eight, last));
        carry += BNNCL_WIDEST;
    }
    return carry;
}

/* Adds `left` vectors of the weight of `even`; each four, or what is left of four, leave one of four times the
 * weight. Returns how many these are; they take the places of the first. */
BNNCL_AVX2 static inline size_t bnncl_add_high(__m256i *even, __m256i *odd, uint32_t *vectors, size_t left)
{
    uint32_t *to = vectors;
    for (size_t i = 0; i < left; i += 4) {
        __m256i x[4];
        for (size_t k = 0; k < 4; k++) {
            x[k] = i + k < left ? bnncl_vector_at(vectors + (i + k) * BNNCL_WIDEST) : _mm256_setzero_si256();
        }
        bnncl_store_vector(to, bnncl_add_four_vectors(even, odd, x));
        to += BNNCL_WIDEST;
    }
    return (left + 3) / 4;
}

/* A plane of counters that have `value` where the planes below were shifted out. */
BNNCL_AVX2 static inline __m256i bnncl_plane_of(__m256i value)
{
    return _mm256_srai_epi32(_mm256_slli_epi32(value, 31), 31);
}

/* A step of the comparison, as bnncl_still_below, with the limits numbered `at`. */
BNNCL_AVX2 static inline __m256i bnncl_vector_below(__m256i below, __m256i plane, const uint32_t *limits,
                                                    __m256i at)
{
    const __m256i limit = _mm256_i32gather_epi32((const int *)limits, at, 4);
    const __m256i differ = _mm256_and_si256(_mm256_xor_si256(plane, limit), _mm256_xor_si256(below, limit));
    return _mm256_xor_si256(below, differ);
}

/* Compares the planes of block `block`. */
BNNCL_AVX2 static inline void bnncl_vector_compare(const bnncl_wide_work *work, uint32_t block,
                                                   const uint32_t *planes)
{
    const __m256i at = bnncl_vector_at(work->limit_at + block * BNNCL_WIDEST);
    __m256i below = _mm256_setzero_si256();
    for (uint32_t k = 0; k < work->plane_count; k++) {
        below = bnncl_vector_below(below, bnncl_vector_at(planes + k * BNNCL_WIDEST), work->limits + k, at);
    }
    bnncl_store_vector(work->below + block * BNNCL_WIDEST, below);
}

/* Counts the rows of one block. */
BNNCL_AVX2 static void bnncl_add_block256(const bnncl_wide_work *work, uint32_t block)
{
    const uintptr_t rows = (uintptr_t)work->rows + (uintptr_t)block * work->block_bytes;
    uint32_t *const planes = work->planes + (size_t)block * work->plane_bytes / 4u;
    __m256i start = bnncl_vector_at(work->start);
    uint32_t *carry = work->carries;
    bnncl_low_vectors low = {
        .ones = bnncl_plane_of(start),
        .twos = bnncl_plane_of(_mm256_srli_epi32(start, 1)),
        .fours = bnncl_plane_of(_mm256_srli_epi32(start, 2)),
        .eights = bnncl_plane_of(_mm256_srli_epi32(start, 3)),
    };
    for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
        carry = bnncl_add_vectors_of(&low, rows, work->entries, part, carry);
    }
    bnncl_store_vector(planes, low.ones);
    bnncl_store_vector(planes + BNNCL_WIDEST, low.twos);
    bnncl_store_vector(planes + 2 * BNNCL_WIDEST, low.fours);
    bnncl_store_vector(planes + 3 * BNNCL_WIDEST, low.eights);
    size_t left = (size_t)(carry - work->carries) / BNNCL_WIDEST;
    for (uint32_t k = 4; k < work->plane_count; k += 2) {
        start = _mm256_srli_epi32(start, k == 4 ? 4 : 2);
        __m256i even = bnncl_plane_of(start);
        __m256i odd = bnncl_plane_of(_mm256_srli_epi32(start, 1));
        left = bnncl_add_high(&even, &odd, work->carries, left);
        bnncl_store_vector(planes + k * BNNCL_WIDEST, even);
        bnncl_store_vector(planes + (k + 1) * BNNCL_WIDEST, odd);
    }
    if (work->limits != NULL) {
        bnncl_vector_compare(work, block, planes);
    }
}

void bnncl_add_wide256(const bnncl_wide_work *work)
{
    if (__builtin_cpu_supports("avx2")) {
        for (uint32_t block = 0; block < work->blocks; block++) {
            bnncl_add_block256(work, block);
        }
    } else {
        bnncl_add_wide(work, BNNCL_WIDEST);
    }
}

#else

void bnncl_add_wide256(const bnncl_wide_work *work)
{
    bnncl_add_wide(work, BNNCL_WIDEST);
}

#endif
