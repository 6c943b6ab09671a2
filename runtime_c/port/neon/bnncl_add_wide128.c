/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_wide.h"

#if defined(__AARCH64EL__) && !defined(BNNCL_PURE_C)

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds `count` vectors, 1 or more, into four planes of two blocks, a and b; %c[two] is 0 where there is a alone.
 * Each instruction names the registers of both. bnncl_fa adds x and y to `sum` and leaves the carries in `to`:
 * three instructions with a bit select. Of full adders in a row the next one waits for the sum alone, so
 * bnncl_four does first what it does not need of the one before. What the vectors are bnncl_one and bnncl_quad say.
 *
 * v16..v19 and v24..v27 are what is added, v20 and v28 sums, v21, v22 and v29, v30 carries of four times its
 * weight, v23 and v31 carries of eight times its weight that wait for a second. What is no multiple of 16 comes
 * first, by a jump into the block of 16 with zeros for what is missing. */
#define BNNCL_ADD                                                                                            \
    ".macro bnncl_each op, to, x, y, to_b, x_b, y_b\n"                                                       \
    "\\op \\to\\().16b, \\x\\().16b, \\y\\().16b\n"                                                          \
    ".if %c[two]\n"                                                                                          \
    "\\op \\to_b\\().16b, \\x_b\\().16b, \\y_b\\().16b\n"                                                    \
    ".endif\n"                                                                                               \
    ".endm\n"                                                                                                \
    ".macro bnncl_fa sum, x, y, to, sum_b, x_b, y_b, to_b\n"                                                 \
    "bnncl_each eor, \\to, \\sum, \\x, \\to_b, \\sum_b, \\x_b\n"                                             \
    "bnncl_each eor, \\sum, \\to, \\y, \\sum_b, \\to_b, \\y_b\n"                                             \
    "bnncl_each bsl, \\to, \\y, \\x, \\to_b, \\y_b, \\x_b\n"                                                 \
    ".endm\n"                                                                                                \
    ".macro bnncl_four to, to_b\n"                                                                           \
    "bnncl_quad\n"                                                                                           \
    "bnncl_each eor, v17, v17, v16, v25, v25, v24\n"                                                         \
    "bnncl_each eor, v19, v19, v18, v27, v27, v26\n"                                                         \
    "bnncl_each eor, v20, %[ones_a], v17, v28, %[ones_b], v25\n"                                             \
    "bnncl_each bsl, v17, %[ones_a], v16, v25, %[ones_b], v24\n"                                             \
    "bnncl_each eor, %[ones_a], v20, v19, %[ones_b], v28, v27\n"                                             \
    "bnncl_each bsl, v19, v20, v18, v27, v28, v26\n"                                                         \
    "bnncl_fa %[twos_a], v17, v19, \\to, %[twos_b], v25, v27, \\to_b\n"                                      \
    ".endm\n"                                                                                                \
    "bnncl_each eor, v21, v21, v21, v29, v29, v29\n"                                                         \
    "bnncl_each eor, v23, v23, v23, v31, v31, v31\n"                                                         \
    "ands w11, %w[count], #3\n"                                                                              \
    "b.eq 3f\n"                                                                                              \
    "bnncl_each eor, v17, v17, v17, v25, v25, v25\n" /* one, two or three */                                 \
    "bnncl_each eor, v18, v18, v18, v26, v26, v26\n"                                                         \
    "cmp w11, #2\n"                                                                                          \
    "bnncl_one q16, q24\n"                                                                                   \
    "b.lo 1f\n"                                                                                              \
    "bnncl_one q17, q25\n"                                                                                   \
    "b.eq 1f\n"                                                                                              \
    "bnncl_one q18, q26\n"                                                                                   \
    "1: bnncl_fa %[ones_a], v16, v17, v19, %[ones_b], v24, v25, v27\n"                                       \
    "bnncl_each and, v20, %[ones_a], v18, v28, %[ones_b], v26\n"                                             \
    "bnncl_each eor, %[ones_a], %[ones_a], v18, %[ones_b], %[ones_b], v26\n"                                 \
    "bnncl_fa %[twos_a], v19, v20, v22, %[twos_b], v27, v28, v30\n"                                          \
    "tbz %w[count], #2, 2f\n"                                                                                \
    "bnncl_each orr, v21, v22, v22, v29, v30, v30\n"                                                         \
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
    "cmp %[from], %[end]\n"                                                                                  \
    ".if %c[two]\n"                                                                                          \
    "stp q16, q24, [%[carry]], #32\n"                                                                        \
    ".else\n"                                                                                                \
    "str q16, [%[carry]], #16\n"                                                                             \
    ".endif\n"                                                                                               \
    "b.ne 12b\n"                                                                                             \
    ".irp name, each, fa, four, one, quad\n"                                                                 \
    ".purgem bnncl_\\name\n"                                                                                 \
    ".endr\n"

/* Rows: entries say where they stand. */
#define BNNCL_ROWS                                                                                           \
    ".macro bnncl_one to, to_b\n"                                                                            \
    "ldr w8, [%[from]], #4\n"                                                                                \
    "ldr \\to, [%[base_a], w8, uxtw]\n"                                                                      \
    ".if %c[two]\n"                                                                                          \
    "ldr \\to_b, [%[base_b], w8, uxtw]\n"                                                                    \
    ".endif\n"                                                                                               \
    ".endm\n"                                                                                                \
    ".macro bnncl_quad\n"                                                                                    \
    "ldp w8, w9, [%[from]], #8\n"                                                                            \
    "ldp w10, w11, [%[from]], #8\n"                                                                          \
    "ldr q16, [%[base_a], w8, uxtw]\n"                                                                       \
    "ldr q17, [%[base_a], w9, uxtw]\n"                                                                       \
    "ldr q18, [%[base_a], w10, uxtw]\n"                                                                      \
    "ldr q19, [%[base_a], w11, uxtw]\n"                                                                      \
    ".if %c[two]\n"                                                                                          \
    "ldr q24, [%[base_b], w8, uxtw]\n"                                                                       \
    "ldr q25, [%[base_b], w9, uxtw]\n"                                                                       \
    "ldr q26, [%[base_b], w10, uxtw]\n"                                                                      \
    "ldr q27, [%[base_b], w11, uxtw]\n"                                                                      \
    ".endif\n"                                                                                               \
    ".endm\n"

/* Carries: they follow each other, those of two blocks in turn. */
#define BNNCL_CARRIES                                                                                        \
    ".macro bnncl_one to, to_b\n"                                                                            \
    ".if %c[two]\n"                                                                                          \
    "ldp \\to, \\to_b, [%[from]], #32\n"                                                                     \
    ".else\n"                                                                                                \
    "ldr \\to, [%[from]], #16\n"                                                                             \
    ".endif\n"                                                                                               \
    ".endm\n"                                                                                                \
    ".macro bnncl_quad\n"                                                                                    \
    ".if %c[two]\n"                                                                                          \
    "ldp q16, q24, [%[from]], #32\n"                                                                         \
    "ldp q17, q25, [%[from]], #32\n"                                                                         \
    "ldp q18, q26, [%[from]], #32\n"                                                                         \
    "ldp q19, q27, [%[from]], #32\n"                                                                         \
    ".else\n"                                                                                                \
    "ldp q16, q17, [%[from]], #32\n"                                                                         \
    "ldp q18, q19, [%[from]], #32\n"                                                                         \
    ".endif\n"                                                                                               \
    ".endm\n"

/* Four planes of two blocks, or of one. */
typedef struct {
    uint32x4_t ones[2];
    uint32x4_t twos[2];
    uint32x4_t fours[2];
    uint32x4_t eights[2];
} bnncl_four_planes;

/* `count` vectors or entries that are added, and where carries of 16 times the weight go. */
typedef struct {
    const uint32_t *from;
    const uint32_t *end;
    uint32_t count;
    uint32_t *carry;
} bnncl_vectors;

#define BNNCL_A                                                                                              \
    [ones_a] "+w"(to->ones[0]), [twos_a] "+w"(to->twos[0]), [fours_a] "+w"(to->fours[0]),                    \
        [eights_a] "+w"(to->eights[0]), [from] "+&r"(from), [carry] "+&r"(all->carry)
#define BNNCL_B                                                                                              \
    [ones_b] "+w"(to->ones[1]), [twos_b] "+w"(to->twos[1]), [fours_b] "+w"(to->fours[1]),                    \
        [eights_b] "+w"(to->eights[1])
#define BNNCL_NO_B                                                                                           \
    [ones_b] "w"(to->ones[0]), [twos_b] "w"(to->twos[0]), [fours_b] "w"(to->fours[0]),                       \
        [eights_b] "w"(to->eights[0])
#define BNNCL_USED                                                                                           \
    "x8", "x9", "x10", "x11", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "cc", "memory"
#define BNNCL_USED_B "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"

/* Adds rows of a block at `base`, or of two `between` bytes from each other. */
static inline void bnncl_add_rows_of(bnncl_four_planes *to, bnncl_vectors *all, uintptr_t base,
                                     uintptr_t between, uint32_t blocks)
{
    const uint32_t *from = all->from;
    if (blocks == 2) {
        __asm__ volatile(BNNCL_ROWS BNNCL_ADD
                         : BNNCL_A, BNNCL_B
                         : [two] "i"(1), [base_a] "r"(base), [base_b] "r"(base + between),
                           [count] "r"(all->count), [end] "r"(all->end)
                         : BNNCL_USED, BNNCL_USED_B);
    } else {
        __asm__ volatile(BNNCL_ROWS BNNCL_ADD
                         : BNNCL_A
                         : BNNCL_NO_B, [two] "i"(0), [base_a] "r"(base), [base_b] "r"(base),
                           [count] "r"(all->count), [end] "r"(all->end)
                         : BNNCL_USED);
    }
}

/* Adds carries. */
static inline void bnncl_add_carries_of(bnncl_four_planes *to, bnncl_vectors *all, uint32_t blocks)
{
    const uint32_t *from = all->from;
    if (blocks == 2) {
        __asm__ volatile(BNNCL_CARRIES BNNCL_ADD
                         : BNNCL_A, BNNCL_B
                         : [two] "i"(1), [count] "r"(all->count), [end] "r"(all->end)
                         : BNNCL_USED, BNNCL_USED_B);
    } else {
        __asm__ volatile(BNNCL_CARRIES BNNCL_ADD
                         : BNNCL_A
                         : BNNCL_NO_B, [two] "i"(0), [count] "r"(all->count), [end] "r"(all->end)
                         : BNNCL_USED);
    }
}

/* What becomes of the planes of two blocks or of one. */
typedef struct {
    uint32_t *planes; /* of the first block */
    size_t kept;      /* words from there to those of the other; 0 where they are of no use */
    bool compares;
    const uint32_t *limits[2][4]; /* of each word the next one */
    uint32x4_t below[2];
} bnncl_planes_use;

static inline bnncl_planes_use bnncl_use_from(const bnncl_wide_work *work, uint32_t block, uint32_t blocks)
{
    const uint32_t *at = work->limit_at + 4u * block;
    bnncl_planes_use use = {.kept = work->plane_bytes / 4u, .compares = work->limits != NULL};
    use.planes = work->planes + block * use.kept;
    for (uint32_t i = 0; use.compares && i < 4u * blocks; i++) {
        use.limits[i / 4][i % 4] = work->limits + *at++;
    }
    return use;
}

/* Keeps the next two planes and takes two steps of a comparison from the least plane up: where the bits differ
 * the higher one decides anew. */
static inline void bnncl_use(bnncl_planes_use *use, const uint32x4_t even[2], const uint32x4_t odd[2],
                             uint32_t blocks)
{
    for (uint32_t i = 0; use->kept > 0 && i < blocks; i++) {
        vst1q_u32(use->planes + i * use->kept, even[i]);
        vst1q_u32(use->planes + i * use->kept + 4u, odd[i]);
    }
    use->planes += 8;
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
static inline __attribute__((always_inline)) void bnncl_add_blocks(const bnncl_wide_work *work,
                                                                   uint32_t block, uint32_t blocks)
{
    const uintptr_t rows = (uintptr_t)work->rows + (uintptr_t)block * work->block_bytes;
    const uint32x4_t start = vld1q_u32(work->start);
    uint32x4_t bit = vdupq_n_u32(1);
    bnncl_vectors all = {.carry = work->carries};
    bnncl_planes_use use = bnncl_use_from(work, block, blocks);
    for (uint32_t k = 0; k < work->plane_count; k += 4) {
        bnncl_four_planes to;
        for (uint32_t i = 0; i < blocks; i++) {
            to.ones[i] = vtstq_u32(start, bit);
            to.twos[i] = vtstq_u32(start, vshlq_n_u32(bit, 1));
            to.fours[i] = vtstq_u32(start, vshlq_n_u32(bit, 2));
            to.eights[i] = vtstq_u32(start, vshlq_n_u32(bit, 3));
        }
        bit = vshlq_n_u32(bit, 4);
        all.end = all.carry;
        all.from = work->carries;
        all.carry = work->carries;
        if (k == 0) {
            for (const bnncl_rows_part *part = work->parts; part->count > 0; part++) {
                all.from = work->entries + part->first;
                all.count = part->count;
                all.end = all.from + part->count;
                bnncl_add_rows_of(&to, &all, rows + (uintptr_t)(intptr_t)part->base, work->block_bytes,
                                  blocks);
            }
        } else if (all.end > all.from) {
            all.count = (uint32_t)(all.end - all.from) / (4u * blocks);
            bnncl_add_carries_of(&to, &all, blocks);
        }
        bnncl_use(&use, to.ones, to.twos, blocks);
        if (k + 2 < work->plane_count) {
            bnncl_use(&use, to.fours, to.eights, blocks);
        }
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
