/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/rows.h"
#include "bnncl/internal/transpose.h"

#if defined(__ARM_FEATURE_MVE) && !defined(BNNCL_PURE_C)

/* The rounds of bnncl_transpose_far, four words at a time, and then those of bnncl_transpose_near between words
 * that loads of every fourth bring together: word 4 * l + j is lane l of q0..q3, number j. */
__attribute__((naked)) void bnncl_add_transposed(uint32_t words[16] __attribute__((unused)),
                                                 uint32_t count __attribute__((unused)),
                                                 const int32_t *base __attribute__((unused)),
                                                 int32_t *sums __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_swap low, high, shift\n"
                     "vshr.u32 q4, \\low, #\\shift\n"
                     "veor q4, q4, \\high\n"
                     "vand q4, q4, q5\n"
                     "veor \\high, \\high, q4\n"
                     "vshl.i32 q4, q4, #\\shift\n"
                     "veor \\low, \\low, q4\n"
                     ".endm\n"
                     ".macro bnncl_four what, q0, q1, q2, q3, at\n"
                     "\\what\\()0.32 {\\q0, \\q1, \\q2, \\q3}, [\\at]\n"
                     "\\what\\()1.32 {\\q0, \\q1, \\q2, \\q3}, [\\at]\n"
                     "\\what\\()2.32 {\\q0, \\q1, \\q2, \\q3}, [\\at]\n"
                     "\\what\\()3.32 {\\q0, \\q1, \\q2, \\q3}, [\\at]!\n"
                     ".endm\n"
                     "push {r4, lr}\n"
                     "vpush {d8-d15}\n"
                     "add ip, r0, r1, lsl #2\n" /* words that are not there */
                     "rsb r1, r1, #16\n"
                     "vmov.i32 q0, #0\n"
                     "wlstp.32 lr, r1, 2f\n"
                     "1: vstrw.32 q0, [ip], #16\n"
                     "letp lr, 1b\n"
                     "2: vldrw.u32 q0, [r0]\n"
                     "vldrw.u32 q1, [r0, #16]\n"
                     "vldrw.u32 q2, [r0, #32]\n"
                     "vldrw.u32 q3, [r0, #48]\n"
                     "vmov.i16 q5, #0x00ff\n"
                     "bnncl_swap q0, q2, 8\n"
                     "bnncl_swap q1, q3, 8\n"
                     "vmov.i8 q5, #0x0f\n"
                     "bnncl_swap q0, q1, 4\n"
                     "bnncl_swap q2, q3, 4\n"
                     "vstrw.32 q0, [r0]\n"
                     "vstrw.32 q1, [r0, #16]\n"
                     "vstrw.32 q2, [r0, #32]\n"
                     "vstrw.32 q3, [r0, #48]\n"
                     "bnncl_four vld4, q0, q1, q2, q3, r0\n"
                     "vmov.i8 q5, #0x33\n"
                     "bnncl_swap q0, q2, 2\n"
                     "bnncl_swap q1, q3, 2\n"
                     "vmov.i8 q5, #0x55\n"
                     "bnncl_swap q0, q1, 1\n"
                     "bnncl_swap q2, q3, 1\n"
                     "bnncl_four vld4, q4, q5, q6, q7, r2\n"
                     "mvn ip, #0\n"
                     "lsl ip, ip, #16\n"
                     "vadd.i32 q4, q4, q0\n" /* both halves, and then less the upper one */
                     "vadd.i32 q5, q5, q1\n"
                     "vadd.i32 q6, q6, q2\n"
                     "vadd.i32 q7, q7, q3\n"
                     "vmovlt.u16 q0, q0\n"
                     "vmovlt.u16 q1, q1\n"
                     "vmovlt.u16 q2, q2\n"
                     "vmovlt.u16 q3, q3\n"
                     "vmla.s32 q4, q0, ip\n"
                     "vmla.s32 q5, q1, ip\n"
                     "vmla.s32 q6, q2, ip\n"
                     "vmla.s32 q7, q3, ip\n"
                     "bnncl_four vst4, q4, q5, q6, q7, r3\n"
                     "bnncl_four vld4, q4, q5, q6, q7, r2\n"
                     "vadd.i32 q4, q4, q0\n"
                     "vadd.i32 q5, q5, q1\n"
                     "vadd.i32 q6, q6, q2\n"
                     "vadd.i32 q7, q7, q3\n"
                     "bnncl_four vst4, q4, q5, q6, q7, r3\n"
                     "vpop {d8-d15}\n"
                     "pop {r4, pc}\n"
                     ".purgem bnncl_swap\n"
                     ".purgem bnncl_four\n"
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
