/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/rows.h"
#include "bnncl/internal/transpose.h"

#if defined(__thumb2__) && !defined(BNNCL_PURE_C)

/* Four words at a time, r4..r7: first those that lie four apart, then those in a row, whose numbers are added. */
__attribute__((naked)) void bnncl_add_transposed(uint32_t words[16] __attribute__((unused)),
                                                 uint32_t count __attribute__((unused)),
                                                 const int32_t *base __attribute__((unused)),
                                                 int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_swap low, high, shift, mask\n"
                     "eor r1, \\high, \\low, lsr \\shift\n"
                     "and r1, r1, \\mask\n"
                     "eors \\high, r1\n"
                     "eor \\low, \\low, r1, lsl \\shift\n"
                     ".endm\n"
                     "push {r4-r9, lr}\n"
                     "movs r4, #0\n"
                     "b 4f\n"
                     "3: str r4, [r0, r1, lsl #2]\n"
                     "adds r1, #1\n"
                     "4: cmp r1, #16\n"
                     "bne 3b\n"
                     "mov lr, #4\n"
                     "1: ldr r4, [r0]\n"
                     "ldr r5, [r0, #16]\n"
                     "ldr r6, [r0, #32]\n"
                     "ldr r7, [r0, #48]\n"
                     "bnncl_swap r4, r6, #8, #0x00FF00FF\n"
                     "bnncl_swap r5, r7, #8, #0x00FF00FF\n"
                     "bnncl_swap r4, r5, #4, #0x0F0F0F0F\n"
                     "bnncl_swap r6, r7, #4, #0x0F0F0F0F\n"
                     "str r5, [r0, #16]\n"
                     "str r6, [r0, #32]\n"
                     "str r7, [r0, #48]\n"
                     "stmia r0!, {r4}\n"
                     "subs lr, lr, #1\n"
                     "bne 1b\n"
                     "subs r0, #16\n"
                     "mov lr, #4\n"
                     "2: ldmia r0!, {r4-r7}\n"
                     "bnncl_swap r4, r6, #2, #0x33333333\n"
                     "bnncl_swap r5, r7, #2, #0x33333333\n"
                     "bnncl_swap r4, r5, #1, #0x55555555\n"
                     "bnncl_swap r6, r7, #1, #0x55555555\n"
                     "ldrd r8, r9, [r2, #64]\n"
                     "add r8, r8, r4, lsr #16\n"
                     "add r9, r9, r5, lsr #16\n"
                     "strd r8, r9, [r3, #64]\n"
                     "ldrd r8, r9, [r2, #72]\n"
                     "add r8, r8, r6, lsr #16\n"
                     "add r9, r9, r7, lsr #16\n"
                     "strd r8, r9, [r3, #72]\n"
                     "ldmia r2!, {r1, r8, r9, r12}\n"
                     "uxth r4, r4\n"
                     "add r4, r4, r1\n"
                     "uxth r5, r5\n"
                     "add r5, r5, r8\n"
                     "uxth r6, r6\n"
                     "add r6, r6, r9\n"
                     "uxth r7, r7\n"
                     "add r7, r7, r12\n"
                     "stmia r3!, {r4-r7}\n"
                     "subs lr, lr, #1\n"
                     "bne 2b\n"
                     "pop {r4-r9, pc}\n"
                     ".purgem bnncl_swap\n"
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
