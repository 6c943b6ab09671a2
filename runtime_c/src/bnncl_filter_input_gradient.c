/* SPDX-License-Identifier: 0BSD */
#include "bnncl/bits.h"
#include "bnncl/filter.h"
#include "bnncl/internal/sign_tables.h"
#include "bnncl/internal/window.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The tables of up to 32 output channels of one position are made once; every tap of it and every input channel
 * chooses from them by one word. */

/* The taps of one output position that are not padding. */
typedef struct {
    bnncl_taps rows;
    bnncl_taps columns;
} bnncl_under;

/* Copies the gradients of up to 32 channels; false where all are 0. */
static inline bool bnncl_take_gradients(uint32_t *numbers, const int16_t *gradient, uint32_t count)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = (uint32_t)(int32_t)gradient[i];
        any |= numbers[i];
    }
    return any != 0;
}

/* Adds what the tables of `channels` channels give to the inputs of every tap; `signs` is their word of the first. */
static inline void bnncl_spread(uint32_t *output, const uint32_t *signs, const uint32_t *tables,
                                uint32_t channels, const bnncl_under *under, const bnncl_window *window)
{
    const size_t words = bnncl_words(window->out_channels);
    const size_t tap_words = window->in_channels * words;
    size_t y = under->rows.start;
    for (uint32_t h = under->rows.first; h < under->rows.end; h++) {
        size_t x = under->columns.start;
        for (uint32_t w = under->columns.first; w < under->columns.end; w++) {
            const bnncl_choices by = {signs + ((size_t)h * window->filter_w + w) * tap_words, words,
                                      window->in_channels};
            bnncl_add_choices(output + (y * window->in_w + x) * window->in_channels, &by, tables, channels,
                              false, 0);
            x += window->dilation_w;
        }
        y += window->dilation_h;
    }
}

void bnncl_filter_input_gradient(const int16_t *restrict gradient, const uint32_t *restrict signs,
                                 int32_t *restrict output, uint32_t *restrict scratch,
                                 const bnncl_window *restrict window)
{
    memset(output, 0, (size_t)window->in_h * window->in_w * window->in_channels * sizeof *output);
    for (uint32_t y = 0; y < window->out_h; y++) {
        bnncl_under under = {.rows = bnncl_rows_inside(window, y)};
        for (uint32_t x = 0; x < window->out_w; x++) {
            const uint32_t *word = signs;
            under.columns = bnncl_columns_inside(window, x);
            for (uint32_t left = window->out_channels; left > 0;) {
                const uint32_t count = left < BNNCL_IN_WORD ? left : (uint32_t)BNNCL_IN_WORD;
                uint32_t numbers[BNNCL_IN_WORD];
                if (bnncl_take_gradients(numbers, gradient, count)) {
                    bnncl_byte_tables(scratch, numbers, count);
                    bnncl_spread((uint32_t *)output, word, scratch, count, &under, window);
                }
                gradient += count;
                left -= count;
                word++;
            }
        }
    }
}
