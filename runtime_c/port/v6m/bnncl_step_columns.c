/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/step_columns.h"

#if defined(__thumb__) && !defined(BNNCL_PURE_C)

/* r8..r11 are the sums, r2 and r3 two numbers of the column, r7 the blocks left, ip where the column ends. On the
 * stack stand the column, the bias and the signs so far, the last one highest. */
__attribute__((naked)) uint32_t bnncl_step_columns(const uint32_t *column __attribute__((unused)),
                                                   const uint32_t *filter __attribute__((unused)),
                                                   const int32_t *bias __attribute__((unused)),
                                                   size_t words __attribute__((unused)),
                                                   size_t blocks __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_pair first, second\n"
                     "ldmia r1!, {r4, r5}\n"
                     "sxth r6, r4\n"
                     "asrs r4, r4, #16\n"
                     "muls r6, r2\n"
                     "muls r4, r3\n"
                     "add \\first, r6\n"
                     "add \\first, r4\n"
                     "sxth r6, r5\n"
                     "asrs r5, r5, #16\n"
                     "muls r6, r2\n"
                     "muls r5, r3\n"
                     "add \\second, r6\n"
                     "add \\second, r5\n"
                     ".endm\n"
                     ".macro bnncl_shift_in sum\n"
                     "mov r5, \\sum\n"
                     "ands r5, r4\n"
                     "lsrs r3, r3, #1\n"
                     "orrs r3, r5\n"
                     ".endm\n"
                     "push {r4, r5, r6, r7, lr}\n"
                     "mov r4, r8\n"
                     "mov r5, r9\n"
                     "mov r6, r10\n"
                     "mov r7, r11\n"
                     "push {r4, r5, r6, r7}\n"
                     "lsls r3, r3, #2\n"
                     "adds r3, r3, r0\n"
                     "mov ip, r3\n"
                     "ldr r7, [sp, #36]\n"
                     "movs r3, #0\n"
                     "push {r0, r2, r3}\n"
                     "1: ldmia r2!, {r3, r4, r5, r6}\n"
                     "mov r8, r3\n"
                     "mov r9, r4\n"
                     "mov r10, r5\n"
                     "mov r11, r6\n"
                     "str r2, [sp, #4]\n"
                     "ldr r0, [sp]\n"
                     "2: ldmia r0!, {r3}\n"
                     "sxth r2, r3\n"
                     "asrs r3, r3, #16\n"
                     "bnncl_pair r8, r9\n"
                     "bnncl_pair r10, r11\n"
                     "cmp r0, ip\n"
                     "bne 2b\n"
                     "ldr r3, [sp, #8]\n"
                     "movs r4, #1\n"
                     "lsls r4, r4, #31\n"
                     "bnncl_shift_in r8\n"
                     "bnncl_shift_in r9\n"
                     "bnncl_shift_in r10\n"
                     "bnncl_shift_in r11\n"
                     "str r3, [sp, #8]\n"
                     "ldr r2, [sp, #4]\n"
                     "subs r7, r7, #1\n"
                     "bne 1b\n"
                     "ldr r1, [sp, #48]\n"
                     "movs r0, #8\n"
                     "subs r0, r0, r1\n"
                     "lsls r0, r0, #2\n"
                     "lsrs r3, r3, r0\n"
                     "mov r0, r3\n"
                     "add sp, #12\n"
                     "pop {r4, r5, r6, r7}\n"
                     "mov r8, r4\n"
                     "mov r9, r5\n"
                     "mov r10, r6\n"
                     "mov r11, r7\n"
                     "pop {r4, r5, r6, r7, pc}\n"
                     ".purgem bnncl_pair\n"
                     ".purgem bnncl_shift_in\n"
                     :
                     :
                     : "r0", "r1", "r2", "r3", "ip", "cc", "memory");
}

#else

uint32_t bnncl_step_columns(const uint32_t *column, const uint32_t *filter, const int32_t *bias, size_t words,
                            size_t blocks)
{
    return bnncl_step_each(column, filter, bias, words, blocks);
}

#endif
