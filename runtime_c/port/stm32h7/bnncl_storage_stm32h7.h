/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STORAGE_STM32H7_H
#define BNNCL_STORAGE_STM32H7_H

#include "bnncl/storage.h"

/* An example of a port: the last two sectors of the internal flash of an STM32H743 or H753 with 2 MiB, bank 2,
 * sectors 6 and 7, 0x081C0000..0x081FFFFF. The tests run it with RAM in the place of the flash; it has not been run
 * on a board. Reading masks all interrupts, for 64 bytes at a time.
 *
 * The linker script has to leave these 256 KiB free. Code that runs from bank 1 goes on while bank 2 is written
 * or erased (an erase takes a second or two and is waited for); code in bank 2 stalls. Not for interrupt
 * handlers, and only one task at a time. */
bnncl_storage bnncl_storage_stm32h7_port(void);

#endif
