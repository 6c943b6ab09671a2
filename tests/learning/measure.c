/* Counts the instructions of the samples and of the row updates of the minibatches of one experience. */
#include <stdio.h>

#include "bnncl_count.h"
#include "stimulus.h"

#include "measured.h"

static void step(void *context)
{
    (void)bnncl_learn_step(&config_0, &head_0, 1, (bool *)context);
}

int main(void)
{
    bool done = false;
    for (uint32_t experience = 0; experience < 2; experience++) {
        (void)bnncl_learn_begin(&config_0, &head_0);
        for (uint32_t i = 0; i < config_0.experience; i++) {
            static uint8_t latent[MEASURED_LATENT];
            stimulus_latent(latent, MEASURED_LATENT, 1, i % config_0.max_classes, i);
            (void)bnncl_learn_sample(&config_0, &head_0, latent, (uint16_t)(i % config_0.max_classes));
        }
        done = false;
        while (!done) {
            const uint32_t phase = state_0.phase;
            const uint32_t count = bnncl_count_instructions(step, &done);
            if (experience > 0) {
                printf("%s %lu\n", phase == BNNCL_LEARN_UPDATE ? "update" : "forward", (unsigned long)count);
            }
        }
        (void)bnncl_learn_commit(&config_0, &head_0);
    }
    return 0;
}
