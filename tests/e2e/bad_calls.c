/* Makes wrong calls of learning in every phase of three experiences and holds that each is answered as the header
 * says and changes nothing. After each commit the CRC-32 of the canonical state is printed. */
#include <stdio.h>
#include <string.h>

#include "net.h"
#include "net_head.h"

#include "samples.h"

NET_DEFINE_CONTEXT(context);
NET_DEFINE_CONTEXT(raw); /* never initialised */

static int failures;
static net_memory memory_before;

static void crc32_more(void *at, const uint8_t *bytes, uint32_t count)
{
    uint32_t crc = *(uint32_t *)at;
    for (uint32_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    *(uint32_t *)at = crc;
}

static uint32_t state(void)
{
    uint32_t crc = 0xFFFFFFFFu;
    const bnncl_head head = net_head(&context);
    bnncl_learn_canonical(&net_head_config, &head, crc32_more, &crc);
    return ~crc;
}

static void before(void)
{
    memory_before = context_memory;
}

static void expect(int line, bnncl_status wanted, bnncl_status got)
{
    const int same = memcmp(&memory_before, &context_memory, sizeof memory_before) == 0;
    if (got != wanted || !same) {
        printf("line %d: status %d, expected %d, %s\n", line, (int)got, (int)wanted, same ? "" : "changed");
        failures++;
    }
}

/* `call` must be answered by `status` and change nothing. */
#define REFUSED(status, call) (before(), expect(__LINE__, (status), (call)))
#define DONE(call)                                                                                           \
    do {                                                                                                     \
        if ((call) != BNNCL_OK) {                                                                            \
            printf("line %d: refused\n", __LINE__);                                                          \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)

static bool done;

/* A context that is none, or that net_init has never seen. */
static void refuse_all(net_ctx *ctx)
{
    int16_t scores[NET_MAX_CLASSES];
    REFUSED(BNNCL_BAD_ARGUMENT, net_infer(ctx, samples[0], scores));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_begin(ctx));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_sample(ctx, samples[0], 0));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_step(ctx, 1, &done));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_commit(ctx));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_abort(ctx));
}

/* Wrong in every phase. */
static void refuse_arguments(void)
{
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_sample(&context, NULL, 0));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_step(&context, 0, &done));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_step(&context, 1, NULL));
    REFUSED(BNNCL_BAD_ARGUMENT, net_learn_step(&context, 0, NULL));
    refuse_all(NULL);
    refuse_all(&raw);
}

static void refuse_while_idle(void)
{
    refuse_arguments();
    REFUSED(BNNCL_BAD_STATE, net_learn_sample(&context, samples[0], 0));
    REFUSED(BNNCL_BAD_STATE, net_learn_sample(&context, samples[0], NET_MAX_CLASSES));
    REFUSED(BNNCL_BAD_STATE, net_learn_step(&context, 1, &done));
    REFUSED(BNNCL_BAD_STATE, net_learn_commit(&context));
    REFUSED(BNNCL_OK, net_learn_abort(&context)); /* there is nothing to give up */
}

static void refuse_while_open(void)
{
    refuse_arguments();
    REFUSED(BNNCL_BUSY, net_learn_begin(&context));
    REFUSED(BNNCL_BAD_LABEL, net_learn_sample(&context, samples[0], NET_MAX_CLASSES));
    REFUSED(BNNCL_BAD_LABEL, net_learn_sample(&context, samples[0], 0xFFFFu));
    REFUSED(BNNCL_BAD_STATE, net_learn_commit(&context));
}

static void refuse_while_training(void)
{
    refuse_arguments();
    REFUSED(BNNCL_BUSY, net_learn_begin(&context));
    REFUSED(BNNCL_BUSY, net_learn_sample(&context, samples[0], 0));
    REFUSED(BNNCL_BUSY, net_learn_sample(&context, samples[0], NET_MAX_CLASSES));
}

static void experience(uint32_t count)
{
    refuse_while_idle();
    DONE(net_learn_begin(&context));
    REFUSED(BNNCL_EMPTY, net_learn_step(&context, 1, &done));
    for (uint32_t i = 0; i < count; i++) {
        refuse_while_open();
        DONE(net_learn_sample(&context, samples[i], labels[i]));
    }
    refuse_while_open();
    if (count == NET_EXPERIENCE_LEN) {
        REFUSED(BNNCL_FULL, net_learn_sample(&context, samples[0], 0));
    }
    for (done = false; !done;) {
        DONE(net_learn_step(&context, 3, &done));
        refuse_while_training();
        if (!done) {
            REFUSED(BNNCL_BAD_STATE, net_learn_commit(&context));
        }
    }
    REFUSED(BNNCL_OK, net_learn_step(&context, 1, &done)); /* all is done already */
    DONE(net_learn_commit(&context));
    printf("%08lx\n", (unsigned long)state());
}

int main(void)
{
    refuse_all(NULL);
    refuse_all(&raw);
    refuse_all(&context);
    before();
    expect(__LINE__, BNNCL_BAD_ARGUMENT, net_init(NULL, 1));
    net_ctx without = {{0}, {0}, 0, 0};
    expect(__LINE__, BNNCL_BAD_ARGUMENT, net_init(&without, 1));
    without.workspace.at = &context_workspace;
    expect(__LINE__, BNNCL_BAD_ARGUMENT, net_init(&without, 1));
    DONE(net_init(&context, 1));
    experience(NET_EXPERIENCE_LEN);
    experience(3);
    experience(NET_EXPERIENCE_LEN - 1);
    refuse_while_idle();
    printf("failures %d\n", failures);
    return failures > 0;
}
