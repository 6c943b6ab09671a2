/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/list_rows.h"
#include "bnncl/internal/wide.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(BNNCL_PURE_C) && !defined(MICROPY_ENABLE_DYNRUNTIME)

#include <immintrin.h>

/* Of each nibble how far the rows of its 1s are from that of bit 0, least significant byte first. */
static const uint32_t bnncl_nibble_rows[16] = {
    0x00000000u, 0x00000000u, 0x00000020u, 0x00002000u, 0x00000040u, 0x00004000u, 0x00004020u, 0x00402000u,
    0x00000060u, 0x00006000u, 0x00006020u, 0x00602000u, 0x00006040u, 0x00604000u, 0x00604020u, 0x60402000u,
};

/* Four entries at a time, of which those of the 1s count. */
__attribute__((target("avx2,popcnt"))) static uint32_t *
bnncl_list_nibbles(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    const __m128i step = _mm_set1_epi32(128);
    __m128i at = _mm_set1_epi32((int32_t)offset);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t word = words[i];
        for (uint32_t bit = 0; bit < 32; bit += 4) {
            const uint32_t nibble = (word >> bit) & 15u;
            const __m128i rows = _mm_cvtsi32_si128((int32_t)bnncl_nibble_rows[nibble]);
            _mm_storeu_si128((void *)entry, _mm_add_epi32(at, _mm_cvtepu8_epi32(rows)));
            entry += _mm_popcnt_u32(nibble);
            at = _mm_add_epi32(at, step);
        }
    }
    return entry;
}

uint32_t *bnncl_list_wide256(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return __builtin_cpu_supports("avx2") ? bnncl_list_nibbles(entry, words, count, offset)
                                          : bnncl_list_words(entry, words, count, offset, 32);
}

#else

uint32_t *bnncl_list_wide256(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return bnncl_list_words(entry, words, count, offset, 32);
}

#endif
