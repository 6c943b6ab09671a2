/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/add_rows.h"

#if defined(__riscv) && __riscv_xlen == 32 && !defined(__riscv_32e) && !defined(BNNCL_PURE_C)

/* The last group: a function, so that the others do not pay for its stores. */
static __attribute__((noinline)) void bnncl_last_group(const bnncl_rows_work *work)
{
    bnncl_add_groups(work, work->groups - 1u);
}

/* Counts the rows of the groups but for a last one of an odd count, two at a time, which share the entries.
 *
 * Of the rows a0 is the next entry and a1 the last one's end, a2 and a3 the bases; s0..s3 and s4..s7 are
 * planes 0..3 of both groups, s8 and s10 carries of weight 4, s9 and s11 carries of weight 8 that wait for a
 * second, ra is where the next words of weight 16 go: one of each group in turn. What is no multiple of 16
 * comes first, by a jump into the block with zeros for what is missing. Of the planes above s0 and s1 are the
 * pair, s8..s11 words from a1 to a2, those of the second group to a4, ra says which group it is; a3 is start,
 * a5 and a6 are the planes and the limits, a7 what is below.
 *
 * On the stack: next part, entries, rows, group_bytes, pairs left, work, planes, limits, below. */
static __attribute__((naked, noinline)) void bnncl_pairs_of_groups(const bnncl_rows_work *work
                                                                   __attribute__((unused)))
{
    __asm__ volatile(".macro bnncl_fa sum, x, y, to\n"
                     "xor t6, \\sum, \\x\n"
                     "and \\x, \\sum, \\x\n"
                     "xor \\sum, t6, \\y\n"
                     "and \\y, t6, \\y\n"
                     "or \\to, \\x, \\y\n"
                     ".endm\n"
                     ".macro bnncl_keep from, to\n"
                     "lw t0, \\from(a0)\n"
                     "sw t0, \\to(sp)\n"
                     ".endm\n"
                     ".macro bnncl_less plane, limit\n"
                     "xor t6, a7, \\limit\n"
                     "xor \\limit, \\limit, \\plane\n"
                     "and t6, t6, \\limit\n"
                     "xor a7, a7, t6\n"
                     ".endm\n"
                     ".macro bnncl_rows one, entry\n"
                     "add \\one, a2, \\entry\n"
                     "add \\entry, a3, \\entry\n"
                     "lw \\one, 0(\\one)\n"
                     "lw \\entry, 0(\\entry)\n"
                     ".endm\n"
                     ".macro bnncl_load at\n"
                     "lw a4, \\at(a0)\n"
                     "lw a5, \\at + 4(a0)\n"
                     "lw a6, \\at + 8(a0)\n"
                     "lw a7, \\at + 12(a0)\n"
                     "bnncl_rows t0, a4\n"
                     "bnncl_rows t1, a5\n"
                     "bnncl_rows t2, a6\n"
                     "bnncl_rows t3, a7\n"
                     ".endm\n"
                     ".macro bnncl_fours one, other\n"
                     "bnncl_fa s0, t0, t1, t0\n"
                     "bnncl_fa s0, t2, t3, t2\n"
                     "bnncl_fa s1, t0, t2, \\one\n"
                     "bnncl_fa s4, a4, a5, a4\n"
                     "bnncl_fa s4, a6, a7, a6\n"
                     "bnncl_fa s5, a4, a6, \\other\n"
                     ".endm\n"
                     "addi sp, sp, -96\n"
                     "sw ra, 44(sp)\n"
                     ".irp k, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
                     "sw s\\k, 48 + 4 * \\k(sp)\n"
                     ".endr\n"
                     "lw t6, 40(a0)\n" /* groups */
                     "srli t6, t6, 1\n"
                     "beqz t6, 61f\n"
                     "bnncl_keep 0, 8\n"   /* rows */
                     "bnncl_keep 4, 4\n"   /* entries */
                     "bnncl_keep 32, 12\n" /* group_bytes */
                     "bnncl_keep 24, 24\n" /* planes */
                     "bnncl_keep 16, 28\n" /* limits */
                     "bnncl_keep 28, 32\n" /* below */
                     "sw a0, 20(sp)\n"
                     "9: sw t6, 16(sp)\n" /* two groups */
                     "lw t0, 8(a0)\n"     /* parts */
                     "lw ra, 20(a0)\n"    /* carries */
                     "lw t4, 12(a0)\n"    /* start */
                     "sw t0, 0(sp)\n"
                     ".irp k, 0, 1, 2, 3\n"
                     "slli s\\k, t4, 31 - \\k\n"
                     "srai s\\k, s\\k, 31\n"
                     ".endr\n"
                     "mv s4, s0\n"
                     "mv s5, s1\n"
                     "mv s6, s2\n"
                     "mv s7, s3\n"
                     "1: lw t0, 0(sp)\n" /* a part */
                     "lw t2, 4(t0)\n"
                     "beqz t2, 50f\n"
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
                     ".irp zero, s8, s9, s10, s11\n"
                     "li \\zero, 0\n"
                     ".endr\n"
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
                     ".irp zero, t1, t2, t3, a5, a6, a7\n"
                     "li \\zero, 0\n"
                     ".endr\n"
                     "bnncl_rows t0, a4\n"
                     "addi t5, t5, -2\n"
                     "bltz t5, 4f\n"
                     "lw a5, 4(a0)\n"
                     "bnncl_rows t1, a5\n"
                     "beqz t5, 4f\n"
                     "lw a6, 8(a0)\n"
                     "bnncl_rows t2, a6\n"
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
                     "sw t0, 0(ra)\n"
                     "sw a4, 4(ra)\n"
                     "addi ra, ra, 8\n"
                     "addi a0, a0, 64\n"
                     "bne a0, a1, 10b\n"
                     "j 1b\n"
                     "50: lw a0, 20(sp)\n" /* planes 0..3 are done */
                     "mv a2, ra\n"
                     "addi a4, ra, 4\n"
                     "li ra, 1\n"
                     "lw a1, 20(a0)\n"
                     "51: lw a5, 24(sp)\n"
                     "lw a6, 28(sp)\n"
                     "lw a3, 12(a0)\n"
                     "lw t5, 44(a0)\n"
                     "bnez a6, 52f\n"
                     "mv a6, a5\n" /* without limits: with themselves */
                     "52:\n"
                     ".irp k, 0, 1, 2, 3\n"
                     "sw s\\k, 4 * \\k(a5)\n"
                     ".endr\n"
                     "lw a7, 0(a6)\n"
                     "not s0, s0\n"
                     "and a7, a7, s0\n"
                     ".irp k, 1, 2, 3\n"
                     "lw t\\k, 4 * \\k(a6)\n"
                     "bnncl_less s\\k, t\\k\n"
                     ".endr\n"
                     "53: slli s0, a3, 27\n" /* two planes: each four words leave one */
                     "slli s1, a3, 26\n"
                     "srai s0, s0, 31\n"
                     "srai s1, s1, 31\n"
                     "sub t3, a2, a1\n"
                     "andi t3, t3, 24\n"
                     "sub t2, a2, t3\n"
                     "mv t0, a1\n"
                     "mv t1, a1\n"
                     "beq t0, t2, 55f\n"
                     "54:\n"
                     ".irp k, 8, 9, 10, 11\n"
                     "lw s\\k, 8 * (\\k - 8)(t0)\n"
                     ".endr\n"
                     "bnncl_fa s0, s8, s9, s8\n"
                     "bnncl_fa s0, s10, s11, s10\n"
                     "bnncl_fa s1, s8, s10, s8\n"
                     "sw s8, 0(t1)\n"
                     "addi t0, t0, 32\n"
                     "addi t1, t1, 8\n"
                     "bne t0, t2, 54b\n"
                     "55: beqz t3, 59f\n"
                     "lw s8, 0(t0)\n"
                     "addi t3, t3, -16\n"
                     "bltz t3, 56f\n"
                     "lw s9, 8(t0)\n"
                     "bnncl_fa s0, s8, s9, s8\n"
                     "beqz t3, 57f\n"
                     "lw s10, 16(t0)\n"
                     "and s9, s0, s10\n"
                     "xor s0, s0, s10\n"
                     "bnncl_fa s1, s8, s9, s8\n"
                     "j 58f\n"
                     "56: and s9, s0, s8\n"
                     "xor s0, s0, s8\n"
                     "mv s8, s9\n"
                     "57: and s9, s1, s8\n"
                     "xor s1, s1, s8\n"
                     "mv s8, s9\n"
                     "58: sw s8, 0(t1)\n"
                     "addi t1, t1, 8\n"
                     "59: sw s0, 16(a5)\n"
                     "sw s1, 20(a5)\n"
                     "lw t2, 16(a6)\n"
                     "lw t3, 20(a6)\n"
                     "mv a2, t1\n"
                     "bnncl_less s0, t2\n"
                     "bnncl_less s1, t3\n"
                     "srli a3, a3, 2\n"
                     "addi a5, a5, 8\n"
                     "addi a6, a6, 8\n"
                     "addi t5, t5, -1\n"
                     "bnez t5, 53b\n"
                     "lw t0, 28(sp)\n"
                     "lw t1, 24(sp)\n"
                     "lw t2, 36(a0)\n"
                     "beqz t0, 60f\n"
                     "lw t3, 32(sp)\n"
                     "addi a6, a6, 16\n"
                     "sw a6, 28(sp)\n"
                     "sw a7, 0(t3)\n"
                     "addi t3, t3, 4\n"
                     "sw t3, 32(sp)\n"
                     "60: add t1, t1, t2\n"
                     "sw t1, 24(sp)\n"
                     "mv s0, s4\n"
                     "mv s1, s5\n"
                     "mv s2, s6\n"
                     "mv s3, s7\n"
                     "lw a1, 20(a0)\n"
                     "mv a2, a4\n"
                     "addi a1, a1, 4\n"
                     "addi ra, ra, -1\n"
                     "beqz ra, 51b\n"
                     "lw t0, 8(sp)\n"
                     "lw t1, 12(sp)\n"
                     "lw t6, 16(sp)\n"
                     "slli t1, t1, 1\n"
                     "add t0, t0, t1\n"
                     "sw t0, 8(sp)\n"
                     "addi t6, t6, -1\n"
                     "bnez t6, 9b\n"
                     "61: lw ra, 44(sp)\n"
                     ".irp k, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
                     "lw s\\k, 48 + 4 * \\k(sp)\n"
                     ".endr\n"
                     "addi sp, sp, 96\n"
                     "ret\n"
                     ".irp name, fa, keep, less, rows, load, fours\n"
                     ".purgem bnncl_\\name\n"
                     ".endr\n"
                     :
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5",
                       "a6", "a7", "memory");
}

void bnncl_add_rows(const bnncl_rows_work *work)
{
    bnncl_pairs_of_groups(work);
    if (work->groups % 2u != 0) {
        bnncl_last_group(work);
    }
}

#else

void bnncl_add_rows(const bnncl_rows_work *work)
{
    bnncl_add_groups(work, 0);
}

#endif
