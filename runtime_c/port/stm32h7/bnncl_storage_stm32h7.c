/* SPDX-License-Identifier: 0BSD */
#include "bnncl_storage_stm32h7.h"

#include <stdbool.h>
#include <stddef.h>

/* Names, bits and procedures are those of the reference manual RM0433, chapter 4. */
#define REGION 0x081C0000u
#define SECTOR_BYTES 0x20000u
#define FIRST_SECTOR 6u
#define SECTORS 2u
#define WORD_BYTES 32u  /* a flash word of 256 bits, written as a whole and protected by its own ECC */
#define LINE_BYTES 32u  /* of the data cache */
#define CHUNK_BYTES 64u /* read with interrupts masked; between two of these they run */

#define FLASH_KEYR2 (*(volatile uint32_t *)0x52002104u)
#define FLASH_CR2 (*(volatile uint32_t *)0x5200210Cu)
#define FLASH_SR2 (*(volatile uint32_t *)0x52002110u)
#define FLASH_CCR2 (*(volatile uint32_t *)0x52002114u)
#define KEY_1 0x45670123u
#define KEY_2 0xCDEF89ABu
#define CR_LOCK (1u << 0)
#define CR_PG (1u << 1)
#define CR_SER (1u << 2)
#define CR_PSIZE_32 (2u << 4) /* bits written at once: works from 1.8 V on */
#define CR_START (1u << 7)
#define CR_SNB(sector) ((sector) << 8)
#define SR_BUSY 0x0000000Fu     /* BSY, WBNE, QW, CRC_BUSY */
#define SR_FAILED 0x006E0000u   /* WRPERR, PGSERR, STRBERR, INCERR, OPERR */
#define SR_DBECCERR 0x04000000u /* two bits wrong in a word that was read */
#define CCR_ALL 0x0FEF0000u     /* clears every flag above, and EOP, RDPERR, RDSERR, SNECCERR, CRCEND */

#define SCB_CCR (*(volatile uint32_t *)0xE000ED14u)
#define SCB_CCR_BFHFNMIGN (1u << 8)                     /* with FAULTMASK: a bus fault of a load is ignored */
#define SCB_DCIMVAC (*(volatile uint32_t *)0xE000EF5Cu) /* forgets a line of the data cache */

static void barrier(void)
{
    __asm__ volatile("dsb 0xF\n\tisb 0xF" ::: "memory");
}

static bnncl_status wait(void)
{
    while ((FLASH_SR2 & SR_BUSY) != 0) {
    }
    return (FLASH_SR2 & SR_FAILED) == 0 ? BNNCL_OK : BNNCL_STORAGE_ERROR;
}

static void unlock(void)
{
    (void)wait();
    if ((FLASH_CR2 & CR_LOCK) != 0) {
        FLASH_KEYR2 = KEY_1;
        FLASH_KEYR2 = KEY_2;
    }
    FLASH_CCR2 = CCR_ALL;
}

static void lock(void)
{
    FLASH_CR2 = CR_LOCK;
}

/* Nothing here is ever dirty, so that lines can be dropped instead of cleaned. */
static void forget_lines(uint32_t address, uint32_t size)
{
    const uint32_t end = address + size;
    barrier();
    for (address &= ~(LINE_BYTES - 1u); address < end; address += LINE_BYTES) {
        SCB_DCIMVAC = address;
    }
    barrier();
}

static bool is_inside(uint32_t offset, uint32_t size)
{
    return offset <= SECTORS * SECTOR_BYTES && size <= SECTORS * SECTOR_BYTES - offset;
}

/* Copies at most CHUNK_BYTES with bus faults of loads ignored. FAULTMASK is needed for that, and keeps every
 * interrupt waiting meanwhile; it and BFHFNMIGN are put back as they were. */
static void copy_masked(uint8_t *to, const volatile uint8_t *from, uint32_t size)
{
    uint32_t faultmask;
    __asm__ volatile("mrs %0, faultmask" : "=r"(faultmask));
    __asm__ volatile("cpsid f" ::: "memory");
    const uint32_t ccr = SCB_CCR;
    SCB_CCR = ccr | SCB_CCR_BFHFNMIGN;
    barrier();
    for (uint32_t i = 0; i < size; i++) {
        to[i] = from[i];
    }
    barrier();
    SCB_CCR = ccr;
    barrier();
    __asm__ volatile("msr faultmask, %0" ::"r"(faultmask) : "memory");
}

/* A flash word whose write was cut short usually has a wrong ECC, and reading it is a bus fault. The fault is
 * masked, and the flag that stays says so. */
static bnncl_status flash_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    (void)context;
    if (!is_inside(offset, size)) {
        return BNNCL_STORAGE_ERROR;
    }
    const volatile uint8_t *from = (const volatile uint8_t *)(REGION + offset);
    uint8_t *to = data;
    forget_lines(REGION + offset, size);
    FLASH_CCR2 = CCR_ALL;
    for (uint32_t done = 0; done < size; done += CHUNK_BYTES) {
        const uint32_t left = size - done;
        copy_masked(to + done, from + done, left < CHUNK_BYTES ? left : CHUNK_BYTES);
    }
    const uint32_t flags = FLASH_SR2;
    FLASH_CCR2 = CCR_ALL;
    return (flags & SR_DBECCERR) == 0 ? BNNCL_OK : BNNCL_CORRUPT;
}

static bnncl_status flash_prog(void *context, uint32_t offset, const void *data, uint32_t size)
{
    bnncl_status status = BNNCL_OK;
    const uint32_t *from = data;
    (void)context;
    if (!is_inside(offset, size) || offset % WORD_BYTES != 0 || size % WORD_BYTES != 0) {
        return BNNCL_STORAGE_ERROR;
    }
    unlock();
    for (uint32_t done = 0; done < size && status == BNNCL_OK; done += WORD_BYTES) {
        volatile uint32_t *to = (volatile uint32_t *)(REGION + offset + done);
        FLASH_CR2 = CR_PG | CR_PSIZE_32;
        barrier();
        for (uint32_t i = 0; i < WORD_BYTES / sizeof(uint32_t); i++) {
            to[i] = *from++;
        }
        barrier();
        status = wait();
    }
    lock();
    forget_lines(REGION + offset, size);
    return status;
}

static bnncl_status flash_erase(void *context, uint32_t offset)
{
    const uint32_t sector = FIRST_SECTOR + offset / SECTOR_BYTES;
    (void)context;
    if (!is_inside(offset, SECTOR_BYTES) || offset % SECTOR_BYTES != 0) {
        return BNNCL_STORAGE_ERROR;
    }
    unlock();
    FLASH_CR2 = CR_SER | CR_PSIZE_32 | CR_SNB(sector);
    FLASH_CR2 = CR_SER | CR_PSIZE_32 | CR_SNB(sector) | CR_START;
    barrier();
    const bnncl_status status = wait();
    lock();
    forget_lines(REGION + offset, SECTOR_BYTES);
    return status;
}

/* Every write above is waited for. */
static bnncl_status flash_sync(void *context)
{
    (void)context;
    return BNNCL_OK;
}

bnncl_storage bnncl_storage_stm32h7_port(void)
{
    const bnncl_storage port = {
        NULL,       SECTORS * SECTOR_BYTES, SECTOR_BYTES, WORD_BYTES, flash_read, flash_prog, flash_erase,
        flash_sync,
    };
    return port;
}
