/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/pairs.h"

#if defined(__ARM_ARCH_6M__) && !defined(BNNCL_PURE_C)

/* bnncl_pair_table for cores with ARMv6-M: two entries stay in registers and are stored by one instruction; the steps
 * that are needed most stay in the upper registers. */

enum { BNNCL_INNER = 3, BNNCL_OUTER = 16 };

/* What the entries go on by: steps 0, 1, 0, 2, 0, 1, 0 and then the next of the outer ones. */
typedef struct {
    bnncl_two inner[BNNCL_INNER];
    bnncl_two outer[BNNCL_OUTER];
} bnncl_steps;

/* Fills a table of 256 whose entry 1 is `first` and `second`: r0 table, r1 to r4 entries, r5 and r6 an outer step, r7
 * where it stands, r8 to r12 and lr the inner ones. Compilers are told what it changes and that it reads its arguments,
 * as they do not look into it. */
__attribute__((naked, used)) static void bnncl_fill_pair_table(bnncl_two *table __attribute__((unused)),
                                                               const bnncl_steps *steps
                                                               __attribute__((unused)),
                                                               uint32_t first __attribute__((unused)),
                                                               uint32_t second __attribute__((unused)))
{
    __asm__(".syntax unified\n"
            ".macro bnncl_put_four a, b\n"
            "    stm r0!, {r1-r4}\n"
            "    add r1, \\a\n"
            "    add r2, \\b\n"
            "    add r3, \\a\n"
            "    add r4, \\b\n"
            ".endm\n"
            "    push {r4-r7, lr}\n"
            "    mov r4, r8\n"
            "    mov r5, r9\n"
            "    mov r6, r10\n"
            "    mov r7, r11\n"
            "    push {r4-r7}\n"
            "    mov r4, r3\n"
            "    mov r3, r2\n"
            "    mov r7, r1\n"
            "    ldm r7!, {r1, r2, r5, r6}\n"
            "    mov r8, r1\n"
            "    mov r9, r2\n"
            "    mov r10, r5\n"
            "    mov r11, r6\n"
            "    ldm r7!, {r1, r2}\n"
            "    mov r12, r1\n"
            "    mov lr, r2\n"
            "    mov r5, r7\n"
            "    adds r5, #128\n"
            "    push {r5}\n"
            "    movs r1, #0\n"
            "    movs r2, #0\n"
            "1:  bnncl_put_four r8, r9\n"
            "    bnncl_put_four r10, r11\n"
            "    bnncl_put_four r8, r9\n"
            "    bnncl_put_four r12, lr\n"
            "    bnncl_put_four r8, r9\n"
            "    bnncl_put_four r10, r11\n"
            "    bnncl_put_four r8, r9\n"
            "    ldm r7!, {r5, r6}\n"
            "    bnncl_put_four r5, r6\n"
            "    ldr r5, [sp]\n"
            "    cmp r7, r5\n"
            "    bne 1b\n"
            "    pop {r0, r4-r7}\n"
            "    mov r8, r4\n"
            "    mov r9, r5\n"
            "    mov r10, r6\n"
            "    mov r11, r7\n"
            "    pop {r4-r7, pc}\n"
            ".purgem bnncl_put_four\n" ::
                : "r0", "r1", "r2", "r3", "r12");
}

void bnncl_pair_table(bnncl_two *table, const bnncl_two *v)
{
    bnncl_steps steps;
    bnncl_two below = {{0, 0}};
    for (uint32_t i = 0; i < BNNCL_INNER; i++) {
        steps.inner[i] = bnncl_less(v[i + 1u], below);
        below = bnncl_plus(below, v[i + 1u]);
    }
    const bnncl_two four = bnncl_less(v[4], below);
    below = bnncl_plus(below, v[4]);
    const bnncl_two five = bnncl_less(v[5], below);
    below = bnncl_plus(below, v[5]);
    const bnncl_two six = bnncl_less(v[6], below);
    for (uint32_t i = 0; i < BNNCL_OUTER; i += 4) {
        steps.outer[i] = four;
        steps.outer[i + 1u] = five;
        steps.outer[i + 2u] = four;
        steps.outer[i + 3u] = six;
    }
    steps.outer[7] = bnncl_less(v[7], bnncl_plus(below, v[6]));
    bnncl_fill_pair_table(table, &steps, v[0].of[0], v[0].of[1]);
}

#else

void bnncl_pair_table(bnncl_two *table, const bnncl_two *v)
{
    bnncl_make_pair_table(table, v);
}

#endif
