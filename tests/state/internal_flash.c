/* SPDX-License-Identifier: 0BSD */
/* The port over internal flash with RAM in the place of the flash and of its controller's registers, on an emulated
 * core. port.c is the port with other addresses, which also counts how often it masks interrupts. The exit status is
 * that of everything. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REGION_BYTES 0x40000u

static uint8_t flash[REGION_BYTES] __attribute__((aligned(32)));
static uint32_t registers[64];
static uint32_t masked;

#include "port.c"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("line %d: " #condition "\n", __LINE__);                                                   \
            return false;                                                                                    \
        }                                                                                                    \
    } while (0)

static uint32_t words[16];

static bool reads(uint32_t ccr, uint32_t offset, uint32_t size, uint32_t pieces)
{
    static uint8_t data[1000];
    uint32_t faultmask;
    SCB_CCR = ccr;
    masked = 0;
    CHECK(flash_read(NULL, offset, data, size) == BNNCL_OK);
    CHECK(memcmp(data, flash + offset, size) == 0);
    __asm__ volatile("mrs %0, faultmask" : "=r"(faultmask));
    CHECK(masked == pieces);
    CHECK(SCB_CCR == ccr && faultmask == 0);
    return true;
}

static bool reads_in_pieces(void)
{
    const uint32_t plain = SCB_CCR & ~SCB_CCR_BFHFNMIGN;
    CHECK(reads(plain, 3, 1000, 16));
    CHECK(reads(plain, REGION_BYTES - 64, 64, 1));
    CHECK(reads(plain, 9, 65, 2));
    CHECK(reads(plain | SCB_CCR_BFHFNMIGN, 0, 128, 2));
    return true;
}

static bool tells_what_cannot_be_read(void)
{
    uint8_t byte;
    FLASH_SR2 = SR_DBECCERR;
    CHECK(flash_read(NULL, 0, &byte, 1) == BNNCL_CORRUPT);
    FLASH_SR2 = 0;
    return true;
}

static bool writes(void)
{
    CHECK(flash_prog(NULL, REGION_BYTES - 64, words, 64) == BNNCL_OK);
    CHECK(memcmp(flash + REGION_BYTES - 64, words, 64) == 0);
    CHECK(flash_erase(NULL, REGION_BYTES / 2) == BNNCL_OK);
    return true;
}

static bool touches_nothing_outside(void)
{
    static const uint32_t progs[][2] = {
        {REGION_BYTES, 32}, {REGION_BYTES - 32, 64}, {0xFFFFFFE0u, 64}, {16, 32}, {32, 16}};
    static const uint32_t erases[] = {REGION_BYTES, REGION_BYTES - 32, 0xFFFE0000u};
    static uint32_t before[64];
    memcpy(before, registers, sizeof before);
    for (int i = 0; i < 5; i++) {
        CHECK(flash_prog(NULL, progs[i][0], words, progs[i][1]) == BNNCL_STORAGE_ERROR);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(flash_erase(NULL, erases[i]) == BNNCL_STORAGE_ERROR);
    }
    CHECK(flash_read(NULL, REGION_BYTES - 1, words, 2) == BNNCL_STORAGE_ERROR);
    CHECK(memcmp(before, registers, sizeof before) == 0);
    return true;
}

int main(void)
{
    for (uint32_t i = 0; i < sizeof flash; i++) {
        flash[i] = (uint8_t)(i * 31u + i / 256u);
    }
    for (uint32_t i = 0; i < 16; i++) {
        words[i] = i * 0x01010101u;
    }
    return writes() && reads_in_pieces() && tells_what_cannot_be_read() && touches_nothing_outside() ? 0 : 1;
}
