/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/step_columns.h"

#if defined(__ARM_FEATURE_SIMD32) && !defined(BNNCL_PURE_C)

/* With SMLAD: two products in one instruction, four channels for each word of the column. r4..r7 are the sums, ip is
 * where the column is read, r3 the address of its last word, with bit 0 set where the number of words is odd. On the
 * stack stand the signs so far, the last one lowest, and the blocks left. */
__attribute__((naked)) uint32_t bnncl_step_columns(const uint32_t *column __attribute__((unused)),
                                                   const uint32_t *filter __attribute__((unused)),
                                                   const int32_t *bias __attribute__((unused)),
                                                   size_t words __attribute__((unused)),
                                                   size_t blocks __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_word\n"
                     "ldr lr, [ip], #4\n"
                     "ldmia r1!, {r8, r9, r10, r11}\n"
                     "smlad r4, r8, lr, r4\n"
                     "smlad r5, r9, lr, r5\n"
                     "smlad r6, r10, lr, r6\n"
                     "smlad r7, r11, lr, r7\n"
                     ".endm\n"
                     ".macro bnncl_shift_in sum\n"
                     "lsls \\sum, \\sum, #1\n"
                     "adcs r8, r8, r8\n"
                     ".endm\n"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
                     "ldr r5, [sp, #36]\n"
                     "movs r4, #0\n"
                     "push {r4, r5}\n"
                     "and lr, r3, #1\n"
                     "add r3, r0, r3, lsl #2\n"
                     "sub r3, r3, #4\n"
                     "orr r3, r3, lr\n"
                     "1: ldmia r2!, {r4, r5, r6, r7}\n"
                     "mov ip, r0\n"
                     "lsrs lr, r3, #1\n"
                     "bcs 3f\n"
                     "2: bnncl_word\n"
                     "3: bnncl_word\n"
                     "cmp ip, r3\n"
                     "bls 2b\n"
                     "ldrd r8, r9, [sp]\n"
                     "bnncl_shift_in r4\n"
                     "bnncl_shift_in r5\n"
                     "bnncl_shift_in r6\n"
                     "bnncl_shift_in r7\n"
                     "subs r9, r9, #1\n"
                     "strd r8, r9, [sp]\n"
                     "bne 1b\n"
                     "ldr r1, [sp, #44]\n"
                     "rsb r1, r1, #8\n"
                     "lsls r1, r1, #2\n"
                     "rbit r0, r8\n"
                     "lsrs r0, r0, r1\n"
                     "add sp, #8\n"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
                     ".purgem bnncl_word\n"
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
