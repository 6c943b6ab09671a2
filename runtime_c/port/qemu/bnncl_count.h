#ifndef BNNCL_COUNT_H
#define BNNCL_COUNT_H

#include <stdint.h>

/* Counts executed instructions; for measuring, never part of a firmware.
 *
 * Exactly one of the files bnncl_count_*.c is linked, the one that belongs to the core. Counting is
 * exact and repeatable only under an emulator that gives each instruction the same time
 * (QEMU: -icount shift=0) or under valgrind's callgrind. */

/* The count did not fit the counter. */
#define BNNCL_COUNT_OVERFLOW UINT32_MAX

/* Calls body(context) once and returns how many instructions that took, the call itself included.
 * A counter that ticks only every n instructions makes the result uncertain by n. On the host the
 * result is 0: there callgrind counts what runs inside this function. */
uint32_t bnncl_count_instructions(void (*body)(void *context), void *context);

/* The same in two calls, around code that cannot be a function of its own. The way back from the first call and
 * into the second one counts, too: a few instructions. On the host the result is 0. */
void bnncl_count_begin(void);
uint32_t bnncl_count_end(void);

#endif
