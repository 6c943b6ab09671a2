/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_CRC32_H
#define BNNCL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of ISO-HDLC (Ethernet, zlib, PNG): polynomial 0x04C11DB7 reflected, start and end complemented;
 * "123456789" gives 0xCBF43926. `crc` is 0, or what came before: the value of a text is that of its second
 * part, continued from that of its first. `data` may be unaligned. */
uint32_t bnncl_store_crc32(uint32_t crc, const void *data, size_t size);

#endif
