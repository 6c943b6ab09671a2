/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bconv.h"
#include "bnncl/bits.h"
#include "bnncl/filter.h"
#include "bnncl/internal/filter_accumulate_bits.h"
#include "bnncl/internal/window.h"

#include <stddef.h>
#include <stdint.h>

/* The convolution over active rows, with rows and constants made anew of the signs, which learning may have changed. */

/* Turns the signs of some 32 output channels round: rows of their bits, [taps][in_channels + 1], the last one of each
 * tap 0. `signs` are those of the first of them, `words` [32]. */
static inline void bnncl_make_rows(uint32_t *rows, const uint32_t *signs, uint32_t channels, uint32_t *words,
                                   const bnncl_window *window)
{
    const uint32_t in_words = bnncl_words(window->in_channels);
    const uint32_t taps = (uint32_t)window->filter_h * window->filter_w;
    for (uint32_t tap = 0; tap < taps; tap++) {
        for (uint32_t channel = 0; channel < window->in_channels; channel++) {
            if (channel % 32u == 0) {
                const uint32_t *word = signs + (size_t)tap * in_words + channel / 32u;
                for (uint32_t o = 0; o < 32u; o++) {
                    words[o] = o < channels ? *word : 0u;
                    word += o + 1u < channels ? taps * in_words : 0u;
                }
                bnncl_transpose(words);
            }
            *rows++ = words[channel % 32u];
        }
        *rows++ = 0;
    }
}

/* Sums of the weights of each output channel under each tap: sums [out_channels][taps]. */
static inline void bnncl_sum_weights(int32_t *sums, const uint32_t *signs, const bnncl_window *window)
{
    const uint32_t words = bnncl_words(window->in_channels);
    const size_t filters = (size_t)window->out_channels * window->filter_h * window->filter_w;
    for (size_t i = 0; i < filters; i++) {
        int32_t ones = 0;
        for (uint32_t word = 0; word < words; word++) {
            ones += (int32_t)bnncl_popcount(*signs++);
        }
        sums[i] = (int32_t)window->in_channels - 2 * ones;
    }
}

/* What the weights of one output channel add up to at a position: those inside, and `pad_value` times the others. */
static inline int32_t bnncl_sum_at(const int32_t *sums, const bnncl_taps *rows, const bnncl_taps *columns,
                                   const bnncl_window *window)
{
    int32_t inside = 0;
    int32_t all = 0;
    for (uint32_t h = rows->first; h < rows->end; h++) {
        const int32_t *sum = sums + (size_t)h * window->filter_w;
        for (uint32_t w = columns->first; w < columns->end; w++) {
            inside += sum[w];
        }
    }
    if (window->pad_value == 0) {
        return inside;
    }
    for (uint32_t tap = 0; tap < (uint32_t)window->filter_h * window->filter_w; tap++) {
        all += sums[tap];
    }
    return inside + window->pad_value * (all - inside);
}

/* What four times a counter lacks to the accumulator, [row classes][column classes][out_channels]: `less` less than the
 * sum of the weights. A class is new where its number is that of the classes so far. */
static inline void bnncl_make_base(int32_t *base, const int32_t *sums, int32_t less,
                                   const bnncl_border *border, const bnncl_window *window)
{
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    uint32_t row_classes = 0;
    for (uint32_t y = 0; y < window->out_h; y++) {
        uint32_t column_classes = 0;
        if (border->row_class[y] < row_classes) {
            continue;
        }
        row_classes++;
        const bnncl_taps rows = bnncl_rows_inside(window, y);
        for (uint32_t x = 0; x < window->out_w; x++) {
            if (border->column_class[x] < column_classes) {
                continue;
            }
            column_classes++;
            const bnncl_taps columns = bnncl_columns_inside(window, x);
            for (uint32_t o = 0; o < window->out_channels; o++) {
                *base++ = bnncl_sum_at(sums + o * taps, &rows, &columns, window) - less;
            }
        }
    }
}

void bnncl_filter_conv_rows(const uint32_t *restrict input, const uint32_t *restrict signs,
                            int32_t *restrict output, uint32_t *restrict scratch,
                            const bnncl_planned *restrict planned, const bnncl_border *restrict border,
                            const bnncl_window *restrict window)
{
    const size_t taps = (size_t)window->filter_h * window->filter_w;
    const size_t group = taps * (window->in_channels + 1u);
    const size_t filter = taps * bnncl_words(window->in_channels);
    uint32_t *const rows = scratch;
    uint32_t *const base = rows + bnncl_words(window->out_channels) * group;
    uint32_t *const rest = base + (size_t)planned->classes * window->out_channels;
    const bnncl_vertical_sums sums = {(const int32_t *)base, planned->plane_count};
    for (uint32_t at = 0; at < window->out_channels; at += 32) {
        bnncl_make_rows(rows + at / 32u * group, signs + at * filter, window->out_channels - at, rest,
                        window);
    }
    bnncl_sum_weights((int32_t *)rest, signs, window);
    bnncl_make_base((int32_t *)base, (const int32_t *)rest, INT32_C(4) << (planned->plane_count - 1u), border,
                    window);
    bnncl_bconv_rows_i32(input, rows, output, rest, &sums, border, window);
}
