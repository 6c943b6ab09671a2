/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

#if defined(__thumb2__) && !defined(BNNCL_PURE_C)

/* bnncl_pair_table for cores with Thumb-2: four entries stay in registers and are stored by one instruction. */

enum { BNNCL_INNER = 3, BNNCL_OUTER = 8 };

/* What the entries go on by: steps 0, 1, 0, 2, 0, 1, 0 and then the next of the outer ones. */
typedef struct {
    bnncl_two inner[BNNCL_INNER];
    bnncl_two outer[BNNCL_OUTER];
    bnncl_two four[4];
} bnncl_steps;

/* Fills a table of 256: r0 table, r1 next outer step, r2 to r9 entries, r10 and r11 step 0; steps 1 and 2 and the end
 * of the outer ones on the stack. Compilers are told what it changes and that it reads its arguments, as they do not
 * look into it. */
__attribute__((naked, used)) static void bnncl_fill_pair_table(bnncl_two *table __attribute__((unused)),
                                                               const bnncl_steps *steps
                                                               __attribute__((unused)))
{
    __asm__(".syntax unified\n"
            ".macro bnncl_add_to_four a, b\n"
            "    add r2, r2, \\a\n"
            "    add r3, r3, \\b\n"
            "    add r4, r4, \\a\n"
            "    add r5, r5, \\b\n"
            "    add r6, r6, \\a\n"
            "    add r7, r7, \\b\n"
            "    add r8, r8, \\a\n"
            "    add r9, r9, \\b\n"
            ".endm\n"
            ".macro bnncl_put_eight step:vararg\n"
            "    stm r0!, {r2-r9}\n"
            "    bnncl_add_to_four r10, r11\n"
            "    ldrd r12, lr, \\step\n"
            "    stm r0!, {r2-r9}\n"
            "    bnncl_add_to_four r12, lr\n"
            ".endm\n"
            "    push {r4-r11, lr}\n"
            "    ldm r1!, {r2-r7}\n"
            "    mov r10, r2\n"
            "    mov r11, r3\n"
            "    add r8, r1, #64\n"
            "    push {r4-r8}\n"
            "    ldm r8, {r2-r9}\n"
            "1:  bnncl_put_eight [sp]\n"
            "    bnncl_put_eight [sp, #8]\n"
            "    bnncl_put_eight [sp]\n"
            "    bnncl_put_eight [r1], #8\n"
            "    ldr lr, [sp, #16]\n"
            "    cmp r1, lr\n"
            "    bne 1b\n"
            "    add sp, #20\n"
            "    pop {r4-r11, pc}\n"
            ".purgem bnncl_put_eight\n"
            ".purgem bnncl_add_to_four\n" ::
                : "r0", "r1", "r2", "r3", "r12");
}

void bnncl_pair_table(bnncl_two *table, const bnncl_two *v)
{
    bnncl_steps steps;
    bnncl_two below = {{0, 0}};
    for (uint32_t i = 0; i < BNNCL_INNER; i++) {
        steps.inner[i] = bnncl_less(v[i + 2u], below);
        below = bnncl_plus(below, v[i + 2u]);
    }
    const bnncl_two fifth = bnncl_less(v[5], below);
    below = bnncl_plus(below, v[5]);
    const bnncl_two sixth = bnncl_less(v[6], below);
    const bnncl_two seventh = bnncl_less(v[7], bnncl_plus(below, v[6]));
    for (uint32_t i = 0; i < BNNCL_OUTER; i += 2) {
        steps.outer[i] = fifth;
        steps.outer[i + 1u] = sixth;
    }
    steps.outer[3] = seventh;
    steps.four[0].of[0] = 0;
    steps.four[0].of[1] = 0;
    steps.four[1] = v[0];
    steps.four[2] = v[1];
    steps.four[3] = bnncl_plus(v[0], v[1]);
    bnncl_fill_pair_table(table, &steps);
}

#else

void bnncl_pair_table(bnncl_two *table, const bnncl_two *v)
{
    bnncl_make_pair_table(table, v);
}

#endif
