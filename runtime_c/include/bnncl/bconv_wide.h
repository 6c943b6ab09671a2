/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_BCONV_WIDE_H
#define BNNCL_BCONV_WIDE_H

#include "bnncl/bconv.h"
#include "bnncl/types.h"

#include <stdint.h>

/* Binary convolutions over active rows, as in bnncl/bconv.h, with the output channels in vectors of 128 or 256
 * lanes, for cores that compute with such vectors.
 *
 * A vector has W words, 4 or 8, an output pixel G = ceil(out_channels / 32) groups of 32. F neighbours of an
 * output row are computed at once, the most with F <= out_w and F * G <= W; one where that is none or where
 * stride_w > filter_w. Their filter has S = filter_w + (F - 1) * stride_w columns.
 *   rows     [ceil(G / W)][filter_h][S][in_channels + 1][W] words, bit 1 = -1. With G >= W word w of block b
 *            is that of group b * W + w. With F > 1 it is that of group w % G for pixel w / G of the F, whose
 *            filter begins at column w / G * stride_w. The last row of each column, words without a group
 *            or a filter there, and lanes beyond the last channel are 0
 *   scratch  words: 3 * (filter_h + 1) + 5 * out_w + 2 * filter_h + in_w + 1 of parts;
 *            3 * W * ceil(G / W) + 48;
 *            2 * W * (3 + filter_h + filter_h * S * in_channels / 16) of carries; W * plane_count of planes,
 *            for i32 ceil(G / W) times that; lists, for each of min(in_h, (filter_h - 1) * dilation_h + 1)
 *            rows in_w * (in_channels + 1) + 2
 * dilation_w is 1; filter_h * S * (in_channels + 1) and in_w * (in_channels + 1) < 2**25. plane_count is even,
 * 6..24, for i32 up to 14; ceil(K / 2) <= 2**(plane_count - 1) - 2, K = filter_h * filter_w * in_channels. */

void bnncl_bconv_wide128_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_vertical_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window);

void bnncl_bconv_wide128_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                             int32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                             const bnncl_window *restrict window);

void bnncl_bconv_wide256_sign(const uint32_t *restrict input, const uint32_t *restrict rows,
                              uint32_t *restrict output, uint32_t *restrict scratch,
                              const bnncl_vertical_steps *restrict steps, const bnncl_border *restrict border,
                              const bnncl_window *restrict window);

void bnncl_bconv_wide256_i32(const uint32_t *restrict input, const uint32_t *restrict rows,
                             int32_t *restrict output, uint32_t *restrict scratch,
                             const bnncl_vertical_sums *restrict sums, const bnncl_border *restrict border,
                             const bnncl_window *restrict window);

#endif
