/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

#if defined(__thumb2__) && defined(__ARM_FEATURE_DSP) && !defined(BNNCL_PURE_C)

/* bnncl_add_pairs for cores with Thumb-2 and its DSP instructions: half a word and the address of the tables make the
 * address of an entry by one instruction. With two or four tables two sums of each row are made at a time.
 *
 * r0 first, r1 second, r2 count, r3 places, r4 tables, r6 and r7 what is added where nothing is chosen. */
__attribute__((naked)) void bnncl_add_pairs(uint32_t *first __attribute__((unused)),
                                            uint32_t *second __attribute__((unused)),
                                            size_t count __attribute__((unused)),
                                            const uint16_t *places __attribute__((unused)),
                                            const bnncl_pair_choice *choice __attribute__((unused)))
{
    __asm__(".syntax unified\n"

            /* Adds the entry at r2 to two sums. */
            ".macro bnncl_more a, b\n"
            "    ldrd r2, lr, [r2]\n"
            "    add \\a, \\a, r2\n"
            "    add \\b, \\b, lr\n"
            ".endm\n"

            /* Both sums of what the halves of a word choose. */
            ".macro bnncl_halves a, b, word\n"
            "    uxtah r2, r4, \\word\n"
            "    ldrd \\a, \\b, [r2]\n"
            "    add r2, r4, \\word, lsr #16\n"
            "    bnncl_more \\a, \\b\n"
            ".endm\n"

            /* The same of two words. */
            ".macro bnncl_words a, b, lower, upper\n"
            "    bnncl_halves \\a, \\b, \\lower\n"
            "    uxtah r2, r4, \\upper\n"
            "    bnncl_more \\a, \\b\n"
            "    add r2, r4, \\upper, lsr #16\n"
            "    bnncl_more \\a, \\b\n"
            ".endm\n"

            /* Two neighbours of a row: `all` less twice what was chosen. */
            ".macro bnncl_put_two row, all, a, b\n"
            "    ldrd r2, lr, [\\row]\n"
            "    add r2, r2, \\all\n"
            "    add lr, lr, \\all\n"
            "    sub r2, r2, \\a, lsl #1\n"
            "    sub lr, lr, \\b, lsl #1\n"
            "    strd r2, lr, [\\row], #8\n"
            ".endm\n"

            /* One sum of a row. */
            ".macro bnncl_put_one row, all, a\n"
            "    ldr r5, [\\row]\n"
            "    add r5, r5, \\all\n"
            "    sub r5, r5, \\a, lsl #1\n"
            "    str r5, [\\row], #4\n"
            ".endm\n"

            /* Adds what the next place chooses. */
            ".macro bnncl_next_place\n"
            "    ldrh r5, [r3], #2\n"
            "    add r5, r5, r4\n"
            "    ldrd r10, r11, [r5]\n"
            "    add r8, r8, r10\n"
            "    add r9, r9, r11\n"
            ".endm\n"

            ".macro bnncl_one_by_one tables\n"
            "1:  mov r8, #0\n"
            "    mov r9, #0\n"
            "    .rept \\tables\n"
            "    bnncl_next_place\n"
            "    .endr\n"
            "    bnncl_put_one r0, r6, r8\n"
            "    bnncl_put_one r1, r7, r9\n"
            "    subs r2, r2, #1\n"
            "    bne 1b\n"
            "    pop {r4-r11, pc}\n"
            ".endm\n"

            ".macro bnncl_leave_two_by_two\n"
            "    bnncl_put_two r0, r6, r8, r10\n"
            "    bnncl_put_two r1, r7, r9, r11\n"
            "    ldr r2, [sp]\n"
            "    cmp r0, r2\n"
            "    bne 1b\n"
            "    pop {r2, r5}\n"
            "    ands r2, r5, #1\n"
            ".endm\n"

            /* Leaves two words: where the first row ends, and the count. */
            ".macro bnncl_enter_two_by_two\n"
            "    bic r5, r2, #1\n"
            "    add r5, r0, r5, lsl #2\n"
            "    push {r2, r3}\n"
            "    str r2, [sp, #4]\n"
            "    str r5, [sp]\n"
            ".endm\n"

            "    push {r4-r11, lr}\n"
            "    ldr r4, [sp, #36]\n"
            "    ldm r4, {r4-r7}\n"
            "    cmp r5, #2\n"
            "    beq 2f\n"
            "    bhi 4f\n"
            "    bnncl_one_by_one 1\n"

            "2:  cmp r2, #1\n"
            "    beq 3f\n"
            "    bnncl_enter_two_by_two\n"
            "1:  ldrd r5, r12, [r3], #8\n"
            "    bnncl_halves r8, r9, r5\n"
            "    bnncl_halves r10, r11, r12\n"
            "    bnncl_leave_two_by_two\n"
            "    beq 5f\n"
            "3:  bnncl_one_by_one 2\n"

            "4:  cmp r5, #4\n"
            "    beq 4f\n"
            "    bnncl_one_by_one 3\n"

            "4:  cmp r2, #1\n"
            "    beq 3f\n"
            "    bnncl_enter_two_by_two\n"
            "1:  ldrd r5, r12, [r3], #8\n"
            "    bnncl_words r8, r9, r5, r12\n"
            "    ldrd r5, r12, [r3], #8\n"
            "    bnncl_words r10, r11, r5, r12\n"
            "    bnncl_leave_two_by_two\n"
            "    beq 5f\n"
            "3:  bnncl_one_by_one 4\n"

            "5:  pop {r4-r11, pc}\n"
            ".purgem bnncl_more\n"
            ".purgem bnncl_halves\n"
            ".purgem bnncl_words\n"
            ".purgem bnncl_put_two\n"
            ".purgem bnncl_put_one\n"
            ".purgem bnncl_next_place\n"
            ".purgem bnncl_one_by_one\n"
            ".purgem bnncl_enter_two_by_two\n"
            ".purgem bnncl_leave_two_by_two\n");
}

#else

void bnncl_add_pairs(uint32_t *first, uint32_t *second, size_t count, const uint16_t *places,
                     const bnncl_pair_choice *choice)
{
    bnncl_add_chosen_pairs(first, second, count, places, choice);
}

#endif
