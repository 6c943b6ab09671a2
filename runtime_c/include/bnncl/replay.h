/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_REPLAY_H
#define BNNCL_REPLAY_H

#include "bnncl/learn.h"

#include <stdint.h>

/* The replay memory: `slots` latents, class-balanced, with reservoir sampling inside a class. The slots
 * 0..stored-1 are in use. `met` counts the samples of each class that ever came (it stops at its largest
 * number): that is what makes every one of them equally likely to be kept. */

/* Slots that each class holds: adds them to `held` [max_classes]. */
void bnncl_replay_count(const bnncl_head_config *config, const bnncl_head *head, uint32_t *restrict held);

/* Offers one sample; what happens to it depends on the memory and the seed only.
 *
 * The quota of a class is slots / classes met. Below its quota a class takes the next free slot, or the last
 * slot of the class that holds the most (of equals, the lowest class) where that one is over its quota. At
 * its quota the sample replaces one of its class, or is dropped.
 *   held     [max_classes], slots that each class holds; kept up to date
 *   latent   [latent_bytes], outside the memory
 *   label    below max_classes */
void bnncl_replay_insert(const bnncl_head_config *config, const bnncl_head *head, uint32_t *restrict held,
                         const uint8_t *restrict latent, uint16_t label);

#endif
