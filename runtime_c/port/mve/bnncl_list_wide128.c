/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/list_rows.h"
#include "bnncl/internal/wide.h"

#if defined(__ARM_FEATURE_MVE) && !defined(BNNCL_PURE_C)

/* The highest 1 first: r3 is the word, ip where its bit 31 stands, lr the number of leading zeros. */
__attribute__((naked)) uint32_t *bnncl_list_wide128(uint32_t *entry __attribute__((unused)),
                                                    const uint32_t *words __attribute__((unused)),
                                                    uint32_t count __attribute__((unused)),
                                                    uint32_t offset __attribute__((unused)))
{
    __asm__ volatile(".syntax unified\n"
                     "push {r4, lr}\n"
                     "add r4, r3, #512\n"
                     "1: ldr r3, [r1], #4\n"
                     "mov ip, r4\n"
                     "add r4, r4, #512\n"
                     "cbz r3, 3f\n"
                     "2: clz lr, r3\n"
                     "add lr, lr, #1\n"
                     "sub ip, ip, lr, lsl #4\n"
                     "str ip, [r0], #4\n"
                     "lsls r3, r3, lr\n"
                     "bne 2b\n"
                     "3: subs r2, #1\n"
                     "bne 1b\n"
                     "pop {r4, pc}\n"
                     :
                     :
                     : "r0", "r1", "r2", "r3", "ip", "cc", "memory");
}

#else

uint32_t *bnncl_list_wide128(uint32_t *entry, const uint32_t *words, uint32_t count, uint32_t offset)
{
    return bnncl_list_words(entry, words, count, offset, 16);
}

#endif
