/* SPDX-License-Identifier: 0BSD */
#include "bnncl/internal/learn.h"

void bnncl_learn_scores(const bnncl_head_config *config, const bnncl_head *head, const void *restrict inputs,
                        int16_t *restrict scores)
{
    const uint32_t shift = config->score_shift;
    const int64_t half = shift > 0 ? INT64_C(1) << (shift - 1u) : 0;
    for (uint32_t c = 0; c < config->max_classes; c++) {
        scores[c] = INT16_MIN;
        if (head->past[c] > 0) {
            const int64_t acc = config->row(config, bnncl_learn_row_at(config, head->cw, c), inputs);
            const int64_t score = bnncl_shift_right_floor(acc + half, shift);
            scores[c] = (int16_t)bnncl_saturate(score, -INT16_MAX, INT16_MAX);
        }
    }
}
