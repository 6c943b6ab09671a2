/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_TRACE_H
#define BNNCL_TRACE_H

#include <stddef.h>
#include <stdint.h>

/* What generated code calls after every op. It is nothing unless BNNCL_TRACE_HOOK is defined; then the program
 * defines bnncl_trace and sees the output of op number `op`, `bytes` bytes at `data`, as it is stored. */
#ifdef BNNCL_TRACE_HOOK
void bnncl_trace(uint32_t op, const void *data, size_t bytes);
#define BNNCL_TRACE(op, data, bytes) bnncl_trace(op, data, bytes)
#else
#define BNNCL_TRACE(op, data, bytes) ((void)0)
#endif

#endif
