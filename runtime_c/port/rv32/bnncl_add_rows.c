/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_rows.h"

#if defined(__riscv) && __riscv_xlen == 32 && !defined(__riscv_32e) && !defined(BNNCL_PURE_C)

/* Adds the rows of two groups, which share the entries, into planes 0..3 of both: low[0..3] and low[4..7].
 * `rows` are those of the first group. Returns the end of its carries; those of the other stand carry_words
 * behind.
 *
 * a0 is the next entry and a1 the last one's end, a2 and a3 the bases; s0..s3 and s4..s7 are the planes, s8
 * and s10 carries of weight 4, s9 and s11 carries of weight 8 that wait for a second, ra is where the next
 * word of weight 16 goes. What is no multiple of 16 comes first, by a jump into the block with zeros for what
 * is missing.
 *
 * On the stack: 0 next part, 4 entries, 8 rows, 12 group_bytes, 16 carry_words in bytes, 20 low. */
static __attribute__((naked, noinline)) uint32_t *
bnncl_two_groups(const bnncl_rows_work *work __attribute__((unused)), uintptr_t rows __attribute__((unused)),
                 bnncl_low_planes low[2] __attribute__((unused)))
{
    __asm__ volatile(".macro bnncl_fa sum, x, y, to\n"
                     "xor t6, \\sum, \\x\n"
                     "and \\x, \\sum, \\x\n"
                     "xor \\sum, t6, \\y\n"
                     "and \\y, t6, \\y\n"
                     "or \\to, \\x, \\y\n"
                     ".endm\n"
                     ".macro bnncl_load at\n"
                     "lw a4, \\at(a0)\n"
                     "lw a5, \\at + 4(a0)\n"
                     "lw a6, \\at + 8(a0)\n"
                     "lw a7, \\at + 12(a0)\n"
                     "add t0, a2, a4\n"
                     "add t1, a2, a5\n"
                     "add t2, a2, a6\n"
                     "add t3, a2, a7\n"
                     "lw t0, 0(t0)\n"
                     "lw t1, 0(t1)\n"
                     "lw t2, 0(t2)\n"
                     "lw t3, 0(t3)\n"
                     "add a4, a3, a4\n"
                     "add a5, a3, a5\n"
                     "add a6, a3, a6\n"
                     "add a7, a3, a7\n"
                     "lw a4, 0(a4)\n"
                     "lw a5, 0(a5)\n"
                     "lw a6, 0(a6)\n"
                     "lw a7, 0(a7)\n"
                     ".endm\n"
                     ".macro bnncl_fours one, other\n"
                     "bnncl_fa s0, t0, t1, t0\n"
                     "bnncl_fa s0, t2, t3, t2\n"
                     "bnncl_fa s1, t0, t2, \\one\n"
                     "bnncl_fa s4, a4, a5, a4\n"
                     "bnncl_fa s4, a6, a7, a6\n"
                     "bnncl_fa s5, a4, a6, \\other\n"
                     ".endm\n"
                     "addi sp, sp, -80\n"
                     "sw ra, 28(sp)\n"
                     "sw s0, 32(sp)\n"
                     "sw s1, 36(sp)\n"
                     "sw s2, 40(sp)\n"
                     "sw s3, 44(sp)\n"
                     "sw s4, 48(sp)\n"
                     "sw s5, 52(sp)\n"
                     "sw s6, 56(sp)\n"
                     "sw s7, 60(sp)\n"
                     "sw s8, 64(sp)\n"
                     "sw s9, 68(sp)\n"
                     "sw s10, 72(sp)\n"
                     "sw s11, 76(sp)\n"
                     "lw t0, 8(a0)\n"  /* parts */
                     "lw t1, 4(a0)\n"  /* entries */
                     "lw t2, 32(a0)\n" /* group_bytes */
                     "lw t3, 48(a0)\n" /* carry_words */
                     "lw ra, 20(a0)\n" /* carries */
                     "lw t4, 12(a0)\n" /* start */
                     "slli t3, t3, 2\n"
                     "sw t0, 0(sp)\n"
                     "sw t1, 4(sp)\n"
                     "sw a1, 8(sp)\n"
                     "sw t2, 12(sp)\n"
                     "sw t3, 16(sp)\n"
                     "sw a2, 20(sp)\n"
                     "lw s0, 0(t4)\n"
                     "lw s1, 4(t4)\n"
                     "lw s2, 8(t4)\n"
                     "lw s3, 12(t4)\n"
                     "mv s4, s0\n"
                     "mv s5, s1\n"
                     "mv s6, s2\n"
                     "mv s7, s3\n"
                     "1: lw t0, 0(sp)\n" /* a part */
                     "lw t2, 4(t0)\n"
                     "beqz t2, 9f\n"
                     "lw t1, 0(t0)\n"
                     "lw t3, 8(t0)\n"
                     "addi t0, t0, 12\n"
                     "sw t0, 0(sp)\n"
                     "lw a0, 4(sp)\n"
                     "lw a2, 8(sp)\n"
                     "lw a3, 12(sp)\n"
                     "slli t1, t1, 2\n"
                     "slli t4, t2, 2\n"
                     "add a0, a0, t1\n"
                     "add a1, a0, t4\n"
                     "add a2, a2, t3\n"
                     "add a3, a3, a2\n"
                     "li s8, 0\n"
                     "li s9, 0\n"
                     "li s10, 0\n"
                     "li s11, 0\n"
                     "andi t5, t2, 3\n"
                     "addi t4, t2, 15\n"
                     "andi t4, t4, 12\n"
                     "bnez t5, 3f\n"
                     "slli t1, t4, 2\n"
                     "add a0, a0, t1\n"
                     "addi a0, a0, -48\n"
                     "beqz t4, 40f\n"
                     "addi t4, t4, -8\n"
                     "bltz t4, 30f\n"
                     "beqz t4, 20f\n"
                     "j 10f\n"
                     "3: lw a4, 0(a0)\n" /* one row of weights, two or three */
                     "li t1, 0\n"
                     "li t2, 0\n"
                     "li t3, 0\n"
                     "li a5, 0\n"
                     "li a6, 0\n"
                     "li a7, 0\n"
                     "add t0, a2, a4\n"
                     "add a4, a3, a4\n"
                     "lw t0, 0(t0)\n"
                     "lw a4, 0(a4)\n"
                     "addi t5, t5, -2\n"
                     "bltz t5, 4f\n"
                     "lw a5, 4(a0)\n"
                     "add t1, a2, a5\n"
                     "add a5, a3, a5\n"
                     "lw t1, 0(t1)\n"
                     "lw a5, 0(a5)\n"
                     "beqz t5, 4f\n"
                     "lw a6, 8(a0)\n"
                     "add t2, a2, a6\n"
                     "add a6, a3, a6\n"
                     "lw t2, 0(t2)\n"
                     "lw a6, 0(a6)\n"
                     "4: addi t5, t5, -14\n"
                     "add t5, t5, t4\n"
                     "slli t5, t5, 2\n"
                     "add a0, a0, t5\n"
                     "beqz t4, 41f\n"
                     "addi t4, t4, -8\n"
                     "bltz t4, 31f\n"
                     "beqz t4, 21f\n"
                     "j 11f\n"
                     "10: bnncl_load 0\n" /* 16 rows of weights */
                     "11: bnncl_fours s8, s10\n"
                     "20: bnncl_load 16\n"
                     "21: bnncl_fours t0, a4\n"
                     "bnncl_fa s2, s8, t0, s9\n"
                     "bnncl_fa s6, s10, a4, s11\n"
                     "30: bnncl_load 32\n"
                     "31: bnncl_fours s8, s10\n"
                     "40: bnncl_load 48\n"
                     "41: bnncl_fours t0, a4\n"
                     "bnncl_fa s2, s8, t0, s8\n"
                     "bnncl_fa s6, s10, a4, s10\n"
                     "bnncl_fa s3, s9, s8, t0\n"
                     "bnncl_fa s7, s11, s10, a4\n"
                     "lw t1, 16(sp)\n"
                     "add t1, t1, ra\n"
                     "sw t0, 0(ra)\n"
                     "sw a4, 0(t1)\n"
                     "addi ra, ra, 4\n"
                     "addi a0, a0, 64\n"
                     "bne a0, a1, 10b\n"
                     "j 1b\n"
                     "9: lw a2, 20(sp)\n"
                     "sw s0, 0(a2)\n"
                     "sw s1, 4(a2)\n"
                     "sw s2, 8(a2)\n"
                     "sw s3, 12(a2)\n"
                     "sw s4, 16(a2)\n"
                     "sw s5, 20(a2)\n"
                     "sw s6, 24(a2)\n"
                     "sw s7, 28(a2)\n"
                     "mv a0, ra\n"
                     "lw ra, 28(sp)\n"
                     "lw s0, 32(sp)\n"
                     "lw s1, 36(sp)\n"
                     "lw s2, 40(sp)\n"
                     "lw s3, 44(sp)\n"
                     "lw s4, 48(sp)\n"
                     "lw s5, 52(sp)\n"
                     "lw s6, 56(sp)\n"
                     "lw s7, 60(sp)\n"
                     "lw s8, 64(sp)\n"
                     "lw s9, 68(sp)\n"
                     "lw s10, 72(sp)\n"
                     "lw s11, 76(sp)\n"
                     "addi sp, sp, 80\n"
                     "ret\n"
                     ".purgem bnncl_fa\n"
                     ".purgem bnncl_load\n"
                     ".purgem bnncl_fours\n"
                     :
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5",
                       "a6", "a7", "memory");
}

void bnncl_add_rows(const bnncl_rows_work *work)
{
    uint32_t *const more = work->carries + work->carry_words;
    uintptr_t rows = (uintptr_t)work->rows;
    uint32_t group = 0;
    for (; group + 1 < work->groups; group += 2) {
        bnncl_low_planes low[2];
        const uint32_t *end = bnncl_two_groups(work, rows, low);
        const size_t words = (size_t)(end - work->carries);
        bnncl_finish_group(work, group, &low[0], work->carries, words);
        bnncl_finish_group(work, group + 1, &low[1], more, words);
        rows += 2 * (uintptr_t)work->group_bytes;
    }
    bnncl_add_groups(work, group);
}

#else

void bnncl_add_rows(const bnncl_rows_work *work)
{
    bnncl_add_groups(work, 0);
}

#endif
