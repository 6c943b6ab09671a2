/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_SELECT_H
#define BNNCL_SELECT_H

#include <stdint.h>

/* Some channels of a map of `pixels` pixels: of the `input_bytes` bytes of each pixel the `bytes` from byte `first`
 * on. input and output do not overlap. */
void bnncl_select(const void *restrict input, void *restrict output, uint32_t pixels, uint32_t input_bytes,
                  uint32_t first, uint32_t bytes);

#endif
