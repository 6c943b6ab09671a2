/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_wide.h"

#if defined(__AARCH64EL__) && !defined(BNNCL_PURE_C)

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds the rows of one part into planes 0..3 of two blocks, a and b, which share the entries: each instruction
 * names the registers of both, and the macros bnncl_op, bnncl_load, bnncl_zero and bnncl_store, made for two
 * blocks or for a alone, write what it takes. bnncl_fa adds x and y to `sum` and leaves the carries in `to`:
 * three instructions with a bit select. Of full adders in a row the next one waits for the sum alone, so
 * bnncl_four does first what it does not need of the one before.
 *
 * v16..v19 and v24..v27 are rows, v20 and v28 sums, v21, v22 and v29, v30 carries of weight 4, v23 and v31
 * carries of weight 8 that wait for a second. What is no multiple of 16 comes first, by a jump into the block of
 * 16 with zeros for what is missing. */
#define BNNCL_ADD_PART                                                                                       \
    ".macro bnncl_fa sum, x, y, to, sum_b, x_b, y_b, to_b\n"                                                 \
    "bnncl_op eor, \\to, \\sum, \\x, \\to_b, \\sum_b, \\x_b\n"                                               \
    "bnncl_op eor, \\sum, \\to, \\y, \\sum_b, \\to_b, \\y_b\n"                                               \
    "bnncl_op bsl, \\to, \\y, \\x, \\to_b, \\y_b, \\x_b\n"                                                   \
    ".endm\n"                                                                                                \
    ".macro bnncl_four to, to_b\n"                                                                           \
    "ldp w8, w9, [%[entry]], #8\n"                                                                           \
    "ldp w10, w11, [%[entry]], #8\n"                                                                         \
    "bnncl_load q16, q24, w8\n"                                                                              \
    "bnncl_load q17, q25, w9\n"                                                                              \
    "bnncl_load q18, q26, w10\n"                                                                             \
    "bnncl_load q19, q27, w11\n"                                                                             \
    "bnncl_op eor, v17, v17, v16, v25, v25, v24\n"                                                           \
    "bnncl_op eor, v19, v19, v18, v27, v27, v26\n"                                                           \
    "bnncl_op eor, v20, %[ones_a], v17, v28, %[ones_b], v25\n"                                               \
    "bnncl_op bsl, v17, %[ones_a], v16, v25, %[ones_b], v24\n"                                               \
    "bnncl_op eor, %[ones_a], v20, v19, %[ones_b], v28, v27\n"                                               \
    "bnncl_op bsl, v19, v20, v18, v27, v28, v26\n"                                                           \
    "bnncl_fa %[twos_a], v17, v19, \\to, %[twos_b], v25, v27, \\to_b\n"                                      \
    ".endm\n"                                                                                                \
    "bnncl_zero v21, v29\n"                                                                                  \
    "bnncl_zero v23, v31\n"                                                                                  \
    "ands w11, %w[count], #3\n"                                                                              \
    "b.eq 3f\n"                                                                                              \
    "bnncl_zero v17, v25\n" /* one row, two or three */                                                      \
    "bnncl_zero v18, v26\n"                                                                                  \
    "ldr w8, [%[entry]], #4\n"                                                                               \
    "cmp w11, #2\n"                                                                                          \
    "bnncl_load q16, q24, w8\n"                                                                              \
    "b.lo 1f\n"                                                                                              \
    "ldr w9, [%[entry]], #4\n"                                                                               \
    "bnncl_load q17, q25, w9\n"                                                                              \
    "b.eq 1f\n"                                                                                              \
    "ldr w10, [%[entry]], #4\n"                                                                              \
    "bnncl_load q18, q26, w10\n"                                                                             \
    "1: bnncl_fa %[ones_a], v16, v17, v19, %[ones_b], v24, v25, v27\n"                                       \
    "bnncl_op and, v20, %[ones_a], v18, v28, %[ones_b], v26\n"                                               \
    "bnncl_op eor, %[ones_a], %[ones_a], v18, %[ones_b], %[ones_b], v26\n"                                   \
    "bnncl_fa %[twos_a], v19, v20, v22, %[twos_b], v27, v28, v30\n"                                          \
    "tbz %w[count], #2, 2f\n"                                                                                \
    "bnncl_op orr, v21, v22, v22, v29, v30, v30\n"                                                           \
    "tbz %w[count], #3, 16f\n"                                                                               \
    "b 13f\n"                                                                                                \
    "2: tbz %w[count], #3, 17f\n"                                                                            \
    "b 14f\n"                                                                                                \
    "3: tbnz %w[count], #2, 4f\n"                                                                            \
    "tbz %w[count], #3, 12f\n"                                                                               \
    "b 15f\n"                                                                                                \
    "4: tbz %w[count], #3, 16f\n"                                                                            \
    "b 13f\n"                                                                                                \
    "12: bnncl_four v21, v29\n"                                                                              \
    "13: bnncl_four v22, v30\n"                                                                              \
    "14: bnncl_fa %[fours_a], v21, v22, v23, %[fours_b], v29, v30, v31\n"                                    \
    "15: bnncl_four v21, v29\n"                                                                              \
    "16: bnncl_four v22, v30\n"                                                                              \
    "17: bnncl_fa %[fours_a], v21, v22, v20, %[fours_b], v29, v30, v28\n"                                    \
    "bnncl_fa %[eights_a], v23, v20, v16, %[eights_b], v31, v28, v24\n"                                      \
    "cmp %[entry], %[end]\n"                                                                                 \
    "bnncl_store\n"                                                                                          \
    "b.ne 12b\n"                                                                                             \
    ".irp each, op, load, zero, store, fa, four\n"                                                           \
    ".purgem bnncl_\\each\n"                                                                                 \
    ".endr\n"

#define BNNCL_FOR_ONE                                                                                        \
    ".macro bnncl_op op, to, x, y, to_b, x_b, y_b\n"                                                         \
    "\\op \\to\\().16b, \\x\\().16b, \\y\\().16b\n"                                                          \
    ".endm\n"                                                                                                \
    ".macro bnncl_load to, to_b, at\n"                                                                       \
    "ldr \\to, [%[base_a], \\at, uxtw]\n"                                                                    \
    ".endm\n"                                                                                                \
    ".macro bnncl_zero to, to_b\n"                                                                           \
    "movi \\to\\().4s, #0\n"                                                                                 \
    ".endm\n"                                                                                                \
    ".macro bnncl_store\n"                                                                                   \
    "str q16, [%[carry]], #16\n"                                                                             \
    ".endm\n"

#define BNNCL_FOR_TWO                                                                                        \
    ".macro bnncl_op op, to, x, y, to_b, x_b, y_b\n"                                                         \
    "\\op \\to\\().16b, \\x\\().16b, \\y\\().16b\n"                                                          \
    "\\op \\to_b\\().16b, \\x_b\\().16b, \\y_b\\().16b\n"                                                    \
    ".endm\n"                                                                                                \
    ".macro bnncl_load to, to_b, at\n"                                                                       \
    "ldr \\to, [%[base_a], \\at, uxtw]\n"                                                                    \
    "ldr \\to_b, [%[base_b], \\at, uxtw]\n"                                                                  \
    ".endm\n"                                                                                                \
    ".macro bnncl_zero to, to_b\n"                                                                           \
    "movi \\to\\().4s, #0\n"                                                                                 \
    "movi \\to_b\\().4s, #0\n"                                                                               \
    ".endm\n"                                                                                                \
    ".macro bnncl_store\n"                                                                                   \
    "stp q16, q24, [%[carry]], #32\n"                                                                        \
    ".endm\n"

/* Planes 0..3 of two blocks or of one. */
typedef struct {
    uint32x4_t ones[2];
    uint32x4_t twos[2];
    uint32x4_t fours[2];
    uint32x4_t eights[2];
} bnncl_low_vectors;

/* Adds the rows of a part of `count` entries, of a block at `base`. Returns the end of the carries, words of
 * weight 16. What there is for a stands for b, too, which no instruction names. */
static inline uint32_t *bnncl_add_one(bnncl_low_vectors *low, uintptr_t base, const uint32_t *entry,
                                      uint32_t count, uint32_t *carry)
{
    __asm__ volatile(
        BNNCL_FOR_ONE BNNCL_ADD_PART
        : [ones_a] "+w"(low->ones[0]), [twos_a] "+w"(low->twos[0]), [fours_a] "+w"(low->fours[0]),
          [eights_a] "+w"(low->eights[0]), [entry] "+&r"(entry), [carry] "+&r"(carry)
        : [ones_b] "w"(low->ones[0]), [twos_b] "w"(low->twos[0]), [fours_b] "w"(low->fours[0]),
          [eights_b] "w"(low->eights[0]), [base_a] "r"(base), [count] "r"(count), [end] "r"(entry + count)
        : "x8", "x9", "x10", "x11", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "cc", "memory");
    return carry;
}

/* The same for two blocks, `between` bytes from each other; their carries alternate. */
static inline uint32_t *bnncl_add_two(bnncl_low_vectors *low, uintptr_t base, const uint32_t *entry,
                                      uint32_t count, uint32_t *carry, uintptr_t between)
{
    __asm__ volatile(
        BNNCL_FOR_TWO BNNCL_ADD_PART
        : [ones_a] "+w"(low->ones[0]), [twos_a] "+w"(low->twos[0]), [fours_a] "+w"(low->fours[0]),
          [eights_a] "+w"(low->eights[0]), [ones_b] "+w"(low->ones[1]), [twos_b] "+w"(low->twos[1]),
          [fours_b] "+w"(low->fours[1]), [eights_b] "+w"(low->eights[1]), [entry] "+&r"(entry),
          [carry] "+&r"(carry)
        : [base_a] "r"(base), [base_b] "r"(base + between), [count] "r"(count), [end] "r"(entry + count)
        : "x8", "x9", "x10", "x11", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",
          "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
    return carry;
}

/* Adds x and y to *sum and returns the carries. */
static inline uint32x4_t bnncl_vector_full_add(uint32x4_t *sum, uint32x4_t x, uint32x4_t y)
{
    const uint32x4_t differ = veorq_u32(*sum, x);
    *sum = veorq_u32(differ, y);
    return vbslq_u32(differ, y, x);
}

/* Adds `left` vectors of each of `blocks`, which alternate, into a plane of their weight and one of twice
 * that: each four, or what is left of four, leave one of four times their weight. Returns how many these are;
 * they take the places of the first. */
static inline uint32_t bnncl_add_vectors(uint32x4_t even[2], uint32x4_t odd[2], uint32_t *vectors,
                                         uint32_t left, uint32_t blocks)
{
    const uint32_t step = 4u * blocks;
    const uint32_t *from = vectors;
    uint32_t fours = left / 4;
    for (; fours > 0; fours--) {
        for (uint32_t i = 0; i < blocks; i++) {
            const uint32_t *four = from + 4u * i;
            const uint32x4_t first = bnncl_vector_full_add(&even[i], vld1q_u32(four), vld1q_u32(four + step));
            const uint32x4_t second =
                bnncl_vector_full_add(&even[i], vld1q_u32(four + 2u * step), vld1q_u32(four + 3u * step));
            vst1q_u32(vectors, bnncl_vector_full_add(&odd[i], first, second));
            vectors += 4;
        }
        from += 4u * step;
    }
    for (uint32_t i = 0; left % 4 > 0 && i < blocks; i++) {
        const uint32x4_t zero = vdupq_n_u32(0);
        const uint32_t *few = from + 4u * i;
        const uint32x4_t second = left % 4 > 1 ? vld1q_u32(few + step) : zero;
        const uint32x4_t third = left % 4 > 2 ? vld1q_u32(few + 2u * step) : zero;
        const uint32x4_t carry = bnncl_vector_full_add(&even[i], vld1q_u32(few), second);
        const uint32x4_t more = vandq_u32(even[i], third);
        even[i] = veorq_u32(even[i], third);
        vst1q_u32(vectors, bnncl_vector_full_add(&odd[i], carry, more));
        vectors += 4;
    }
    return (left + 3) / 4;
}

/* What becomes of the planes of two blocks or of one. */
typedef struct {
    uint32_t *planes; /* of the first block */
    size_t kept;      /* words from there to those of the other; 0 where they are of no use */
    bool compares;
    const uint32_t *limits[2][4]; /* of each word the next one */
    uint32x4_t below[2];
} bnncl_planes_use;

static inline void bnncl_use_from(bnncl_planes_use *use, const bnncl_wide_work *work, uint32_t block,
                                  uint32_t blocks)
{
    const uint32_t *at = work->limit_at + 4u * block;
    use->kept = work->plane_bytes / 4u;
    use->planes = work->planes + block * use->kept;
    use->compares = work->limits != NULL;
    for (uint32_t i = 0; i < blocks; i++) {
        use->below[i] = vdupq_n_u32(0);
        for (uint32_t word = 0; word < 4; word++) {
            use->limits[i][word] = use->compares ? work->limits + *at++ : NULL;
        }
    }
}

/* Keeps planes `k` and `k` + 1 and takes the next two steps of a comparison from the least plane up: where the
 * bits differ the higher one decides anew. */
static inline void bnncl_use(bnncl_planes_use *use, uint32_t k, const uint32x4_t even[2],
                             const uint32x4_t odd[2], uint32_t blocks)
{
    for (uint32_t i = 0; use->kept > 0 && i < blocks; i++) {
        vst1q_u32(use->planes + i * use->kept + 4u * k, even[i]);
        vst1q_u32(use->planes + i * use->kept + 4u * k + 4u, odd[i]);
    }
    for (uint32_t i = 0; use->compares && i < blocks; i++) {
        const uint32_t **limits = use->limits[i];
        const uint32x4x2_t limit = vuzpq_u32(vcombine_u32(vld1_u32(limits[0]), vld1_u32(limits[1])),
                                             vcombine_u32(vld1_u32(limits[2]), vld1_u32(limits[3])));
        const uint32x4_t below = vbslq_u32(veorq_u32(even[i], limit.val[0]), limit.val[0], use->below[i]);
        use->below[i] = vbslq_u32(veorq_u32(odd[i], limit.val[1]), limit.val[1], below);
        for (uint32_t word = 0; word < 4; word++) {
            limits[word] += 2;
        }
    }
}

/* Counts block `block`, or two from there. */
static inline void bnncl_add_blocks(const bnncl_wide_work *work, uint32_t block, uint32_t blocks)
{
    const uintptr_t rows = (uintptr_t)work->rows + (uintptr_t)block * work->block_bytes;
    const uint32x4_t start = vld1q_u32(work->start);
    const uint32_t plane_count = work->plane_count;
    uint32_t *const carries = work->carries;
    uint32_t *carry = carries;
    bnncl_planes_use use;
    bnncl_low_vectors low;
    for (uint32_t i = 0; i < blocks; i++) {
        low.ones[i] = vtstq_u32(start, vdupq_n_u32(1));
        low.twos[i] = vtstq_u32(start, vdupq_n_u32(2));
        low.fours[i] = vtstq_u32(start, vdupq_n_u32(4));
        low.eights[i] = vtstq_u32(start, vdupq_n_u32(8));
    }
    for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
        const uintptr_t base = rows + (uintptr_t)(intptr_t)part->base;
        const uint32_t *entry = work->entries + part->first;
        carry = blocks == 2 ? bnncl_add_two(&low, base, entry, part->count, carry, work->block_bytes)
                            : bnncl_add_one(&low, base, entry, part->count, carry);
    }
    bnncl_use_from(&use, work, block, blocks);
    bnncl_use(&use, 0, low.ones, low.twos, blocks);
    bnncl_use(&use, 2, low.fours, low.eights, blocks);
    uint32_t left = (uint32_t)(carry - carries) / (4u * blocks);
    uint32x4_t bit = vdupq_n_u32(16);
    for (uint32_t k = 4; k < plane_count; k += 2) {
        const uint32x4_t next = vaddq_u32(bit, bit);
        uint32x4_t even[2] = {vtstq_u32(start, bit), vtstq_u32(start, bit)};
        uint32x4_t odd[2] = {vtstq_u32(start, next), vtstq_u32(start, next)};
        left = bnncl_add_vectors(even, odd, carries, left, blocks);
        bnncl_use(&use, k, even, odd, blocks);
        bit = vaddq_u32(next, next);
    }
    for (uint32_t i = 0; use.compares && i < blocks; i++) {
        vst1q_u32(work->below + 4u * (block + i), use.below[i]);
    }
}

void bnncl_add_wide128(const bnncl_wide_work *work)
{
    uint32_t block = work->blocks % 2;
    if (block > 0) {
        bnncl_add_blocks(work, 0, 1);
    }
    for (; block < work->blocks; block += 2) {
        bnncl_add_blocks(work, block, 2);
    }
}

#else

void bnncl_add_wide128(const bnncl_wide_work *work)
{
    bnncl_add_wide(work, 4);
}

#endif
