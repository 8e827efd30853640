// SPDX-License-Identifier: MIT
//
// The timer wheel under any order of arming, cancelling and leaps of time, against an array of
// deadlines. The first octets choose where the clock begins, so that every level is crossed.
#include "fuzz_input.h"
#include "lib/wheel_model.h"

enum { ENTRIES = 32 };

// A wait of up to eight octets, or a moment before now.
static uint64_t take_time(const struct wheel_model *m, struct fuzz_input *in)
{
    uint32_t octets = (uint32_t)fuzz_take(in, 1);
    uint64_t wait_ns = fuzz_take(in, octets % 9);
    if (octets >= 0xf0) {
        return m->now_ns - (wait_ns < m->now_ns ? wait_ns : m->now_ns);
    }
    return wait_ns < SYNFIN_NEVER - 1 - m->now_ns ? m->now_ns + wait_ns : SYNFIN_NEVER - 1;
}

static void run_step(struct wheel_model *m, struct fuzz_input *in)
{
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    uint32_t which = choice % ENTRIES;
    uint64_t next_ns = wheel_next_deadline(&m->wheel);
    switch (choice / ENTRIES) {
    case 0: wheel_model_cancel(m, which); break;
    case 1: fuzz_require(wheel_model_advance(m, take_time(m, in))); break;
    case 2:
        fuzz_require(wheel_model_advance(m, next_ns == SYNFIN_NEVER ? m->now_ns : next_ns));
        break;
    default: wheel_model_arm(m, which, take_time(m, in)); break;
    }
    fuzz_require(wheel_model_check(m, which));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wheel_model m;
    struct fuzz_input in = {data, size};
    wheel_model_init(&m, ENTRIES, fuzz_take(&in, 8) >> 1);
    while (in.bytes > 0) {
        run_step(&m, &in);
    }
    fuzz_require(wheel_model_advance(&m, SYNFIN_NEVER - 1));
    fuzz_require(m.wheel.entries == 0);
    return 0;
}
