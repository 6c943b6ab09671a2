/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/step_columns.h"

#if defined(__ARM_FEATURE_MVE) && !defined(BNNCL_PURE_C)

/* With MVE: eight products in one instruction, after a load of four vectors has taken the weights of four channels
 * apart; words that fill no vector are taken one by one, two products each. r4, r6, r8 and r10 are the sums, ip is
 * where the column is read, r5 the vectors of a column and r7 the words that fill none. On the stack stand the signs
 * so far, the last one lowest, and the blocks left. */
__attribute__((naked)) uint32_t bnncl_step_columns(const uint32_t *column __attribute__((unused)),
                                                   const uint32_t *filter __attribute__((unused)),
                                                   const int32_t *bias __attribute__((unused)),
                                                   size_t words __attribute__((unused)),
                                                   size_t blocks __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_shift_in sum\n"
                     "lsls \\sum, \\sum, #1\n"
                     "adcs r9, r9, r9\n"
                     ".endm\n"
                     "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
                     "ldr r5, [sp, #36]\n"
                     "vpush {d8, d9}\n"
                     "movs r4, #0\n"
                     "push {r4, r5}\n"
                     "lsrs r5, r3, #2\n"
                     "and r7, r3, #3\n"
                     "1: ldmia r2!, {r4, r6, r8, r10}\n"
                     "mov ip, r0\n"
                     "wls lr, r5, 3f\n"
                     "2: vldrw.u32 q4, [ip], #16\n"
                     "vld40.32 {q0, q1, q2, q3}, [r1]\n"
                     "vld41.32 {q0, q1, q2, q3}, [r1]\n"
                     "vld42.32 {q0, q1, q2, q3}, [r1]\n"
                     "vld43.32 {q0, q1, q2, q3}, [r1]!\n"
                     "vmladava.s16 r4, q4, q0\n"
                     "vmladava.s16 r6, q4, q1\n"
                     "vmladava.s16 r8, q4, q2\n"
                     "vmladava.s16 r10, q4, q3\n"
                     "le lr, 2b\n"
                     "3: wls lr, r7, 5f\n"
                     "4: ldr r9, [ip], #4\n"
                     "ldrd r3, r11, [r1], #8\n"
                     "smlad r4, r3, r9, r4\n"
                     "smlad r6, r11, r9, r6\n"
                     "ldrd r3, r11, [r1], #8\n"
                     "smlad r8, r3, r9, r8\n"
                     "smlad r10, r11, r9, r10\n"
                     "le lr, 4b\n"
                     "5: ldrd r9, r11, [sp]\n"
                     "bnncl_shift_in r4\n"
                     "bnncl_shift_in r6\n"
                     "bnncl_shift_in r8\n"
                     "bnncl_shift_in r10\n"
                     "subs r11, r11, #1\n"
                     "strd r9, r11, [sp]\n"
                     "bne 1b\n"
                     "ldr r1, [sp, #60]\n"
                     "rsb r1, r1, #8\n"
                     "lsls r1, r1, #2\n"
                     "rbit r0, r9\n"
                     "lsrs r0, r0, r1\n"
                     "add sp, #8\n"
                     "vpop {d8, d9}\n"
                     "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
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
