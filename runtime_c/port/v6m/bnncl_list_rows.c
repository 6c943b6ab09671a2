/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/list_rows.h"
#include "bnncl/internal/rows.h"

#if defined(__thumb__) && !defined(BNNCL_PURE_C)

/* r2 is where the words end, r4 the word, r5 the offset of its lowest bit. */
__attribute__((naked)) uint32_t *bnncl_list_rows(uint32_t *entry __attribute__((unused)),
                                                 const uint32_t *words __attribute__((unused)),
                                                 uint32_t count __attribute__((unused)),
                                                 uint32_t offset __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     ".macro bnncl_bit\n"
                     "lsrs r4, r4, #1\n"
                     "bcc 3f\n"
                     "stmia r0!, {r5}\n"
                     "3: adds r5, #4\n"
                     ".endm\n"
                     "push {r4, r5, lr}\n"
                     "lsls r2, r2, #2\n"
                     "adds r2, r1\n"
                     "1: ldmia r1!, {r4}\n"
                     "mov r5, r3\n"
                     "adds r3, #128\n"
                     "cmp r4, #0\n"
                     "beq 4f\n"
                     "2: bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "bnncl_bit\n"
                     "cmp r4, #0\n"
                     "bne 2b\n"
                     "4: cmp r1, r2\n"
                     "bne 1b\n"
                     "pop {r4, r5, pc}\n"
                     ".purgem bnncl_bit\n"
                     :
                     :
                     : "r0", "r1", "r2", "r3", "ip", "cc", "memory");
}

#else

uint32_t *bnncl_list_rows(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return bnncl_list_words(entry, words, count, offset, 4);
}

#endif
