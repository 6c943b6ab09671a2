/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

#if defined(__ARM_ARCH_6M__) && !defined(BNNCL_PURE_C)

/* bnncl_add_pairs for cores with ARMv6-M, whose instructions take the lower eight registers: an entry is loaded into the
 * register of its address and the next one.
 *
 * r0 first, r1 second, r3 places, r4 tables, r6 and r7 what is chosen, r8 and r9 what is added where that is nothing,
 * r10 where the first row ends. */
__attribute__((naked)) void bnncl_add_pairs(uint32_t *first __attribute__((unused)),
                                            uint32_t *second __attribute__((unused)),
                                            size_t count __attribute__((unused)),
                                            const uint16_t *places __attribute__((unused)),
                                            const bnncl_pair_choice *choice __attribute__((unused)))
{
    __asm__(".syntax unified\n"

            /* Adds what the place at `at` chooses. */
            ".macro bnncl_more at\n"
            "    ldrh r2, [r3, #\\at]\n"
            "    adds r2, r2, r4\n"
            "    ldm r2, {r2, r5}\n"
            "    adds r6, r6, r2\n"
            "    adds r7, r7, r5\n"
            ".endm\n"

            /* One sum of each row, by `tables` places from `from` on. */
            ".macro bnncl_one tables, from\n"
            "    ldrh r2, [r3, #\\from]\n"
            "    adds r2, r2, r4\n"
            "    ldm r2!, {r6, r7}\n"
            "    .if \\tables > 1\n"
            "    bnncl_more \\from + 2\n"
            "    .endif\n"
            "    .if \\tables > 2\n"
            "    bnncl_more \\from + 4\n"
            "    .endif\n"
            "    .if \\tables > 3\n"
            "    bnncl_more \\from + 6\n"
            "    .endif\n"
            "    ldr r2, [r0]\n"
            "    add r2, r8\n"
            "    subs r2, r2, r6\n"
            "    subs r2, r2, r6\n"
            "    stm r0!, {r2}\n"
            "    ldr r2, [r1]\n"
            "    add r2, r9\n"
            "    subs r2, r2, r7\n"
            "    subs r2, r2, r7\n"
            "    stm r1!, {r2}\n"
            ".endm\n"

            /* The sum that is left where their count, in r5, is odd, then two at a time. */
            ".macro bnncl_all tables\n"
            "    lsrs r5, r5, #1\n"
            "    bcc 7f\n"
            "    bnncl_one \\tables, 0\n"
            "    adds r3, #2 * \\tables\n"
            "    b 8f\n"
            "7:  bnncl_one \\tables, 0\n"
            "    bnncl_one \\tables, 2 * \\tables\n"
            "    adds r3, #4 * \\tables\n"
            "8:  cmp r0, r10\n"
            "    bne 7b\n"
            "    b 9f\n"
            ".endm\n"

            "    push {r4-r7, lr}\n"
            "    mov r4, r8\n"
            "    mov r5, r9\n"
            "    mov r6, r10\n"
            "    push {r4-r6}\n"
            "    ldr r4, [sp, #32]\n"
            "    ldm r4, {r4-r7}\n"
            "    mov r8, r6\n"
            "    mov r9, r7\n"
            "    lsls r7, r2, #2\n"
            "    adds r7, r7, r0\n"
            "    mov r10, r7\n"
            "    mov r7, r5\n"
            "    mov r5, r2\n"
            "    cmp r7, #2\n"
            "    beq 2f\n"
            "    bhi 3f\n"
            "    bnncl_all 1\n"
            "2:  bnncl_all 2\n"
            "3:  cmp r7, #3\n"
            "    bne 4f\n"
            "    bnncl_all 3\n"
            "4:  bnncl_all 4\n"
            "9:  pop {r4-r6}\n"
            "    mov r8, r4\n"
            "    mov r9, r5\n"
            "    mov r10, r6\n"
            "    pop {r4-r7, pc}\n"
            ".purgem bnncl_more\n"
            ".purgem bnncl_one\n"
            ".purgem bnncl_all\n");
}

#else

void bnncl_add_pairs(uint32_t *first, uint32_t *second, size_t count, const uint16_t *places,
                     const bnncl_pair_choice *choice)
{
    bnncl_add_chosen_pairs(first, second, count, places, choice);
}

#endif
