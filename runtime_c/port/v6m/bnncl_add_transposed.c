/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/rows.h"
#include "bnncl/internal/transpose.h"

#if defined(__thumb__) && !defined(BNNCL_PURE_C)

/* Four words at a time, r4..r7: first those that lie four apart, then those in a row, whose numbers are added.
 * r0 goes through the words, r1 next time; r0 then through the sums, r8 through the base; r10 and r11 are what the
 * swaps take. */
__attribute__((naked)) void bnncl_add_transposed(uint32_t words[16] __attribute__((unused)),
                                                 uint32_t count __attribute__((unused)),
                                                 const int32_t *base __attribute__((unused)),
                                                 int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_swap low, high, shift\n"
                     "lsrs r3, \\low, \\shift\n"
                     "eors r3, \\high\n"
                     "ands r3, r2\n"
                     "eors \\high, r3\n"
                     "lsls r3, r3, \\shift\n"
                     "eors \\low, r3\n"
                     ".endm\n"
                     ".macro bnncl_numbers word, at\n"
                     "lsrs r1, \\word, #16\n"
                     "uxth \\word, \\word\n"
                     "ldr r3, [r2, #64 + \\at]\n"
                     "adds r3, r1\n"
                     "str r3, [r0, #64 + \\at]\n"
                     "ldr r3, [r2, #\\at]\n"
                     "adds \\word, r3\n"
                     ".endm\n"
                     "push {r4-r7, lr}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "push {r4-r7}\n"
                     "mov r8, r2\n"
                     "mov r9, r3\n"
                     "ldr r2, 5f\n"
                     "ldr r3, 5f + 4\n"
                     "mov r10, r2\n"
                     "mov r11, r3\n"
                     "adds r0, #16\n"
                     "mov lr, r0\n"
                     "subs r0, #16\n"
                     "movs r4, #64\n"
                     "lsls r1, r1, #2\n"
                     "movs r5, #0\n"
                     "b 4f\n"
                     "3: str r5, [r0, r1]\n"
                     "adds r1, #4\n"
                     "4: cmp r1, r4\n"
                     "bne 3b\n"
                     "1: ldr r4, [r0]\n"
                     "ldr r5, [r0, #16]\n"
                     "ldr r6, [r0, #32]\n"
                     "ldr r7, [r0, #48]\n"
                     "mov r2, r10\n"
                     "bnncl_swap r4, r6, #8\n"
                     "bnncl_swap r5, r7, #8\n"
                     "mov r2, r11\n"
                     "bnncl_swap r4, r5, #4\n"
                     "bnncl_swap r6, r7, #4\n"
                     "str r5, [r0, #16]\n"
                     "str r6, [r0, #32]\n"
                     "str r7, [r0, #48]\n"
                     "stmia r0!, {r4}\n"
                     "cmp r0, lr\n"
                     "bne 1b\n"
                     "subs r0, #16\n"
                     "mov r1, r0\n"
                     "adds r0, #64\n"
                     "mov lr, r0\n"
                     "ldr r2, 5f + 8\n"
                     "ldr r3, 5f + 12\n"
                     "mov r10, r2\n"
                     "mov r11, r3\n"
                     "mov r0, r9\n"
                     "2: ldmia r1!, {r4-r7}\n"
                     "mov r2, r10\n"
                     "bnncl_swap r4, r6, #2\n"
                     "bnncl_swap r5, r7, #2\n"
                     "mov r2, r11\n"
                     "bnncl_swap r4, r5, #1\n"
                     "bnncl_swap r6, r7, #1\n"
                     "mov r2, r8\n"
                     "mov r12, r1\n"
                     "bnncl_numbers r4, 0\n"
                     "bnncl_numbers r5, 4\n"
                     "bnncl_numbers r6, 8\n"
                     "bnncl_numbers r7, 12\n"
                     "stmia r0!, {r4-r7}\n"
                     "adds r2, #16\n"
                     "mov r8, r2\n"
                     "mov r1, r12\n"
                     "cmp r1, lr\n"
                     "bne 2b\n"
                     "pop {r4-r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "pop {r4-r7, pc}\n"
                     ".balign 4\n"
                     "5: .word 0x00FF00FF, 0x0F0F0F0F, 0x33333333, 0x55555555\n"
                     ".purgem bnncl_swap\n"
                     ".purgem bnncl_numbers\n"
                     :
                     :
                     : "r0", "r1", "r2", "r3", "ip", "cc", "memory");
}

#else

void bnncl_add_transposed(uint32_t words[16], uint32_t count, const int32_t *base, int32_t *sums)
{
    bnncl_transpose_far(words, count);
    bnncl_transpose_near(words, base, sums);
}

#endif
