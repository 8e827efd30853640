// SPDX-License-Identifier: MIT
//
// Users of the socket interface who do anything in any order, over an honest network: right and
// wrong handles, calls in every state, every option with every kind of value. Each call says
// something sensible, what is read is what was written, and everything ends when it is closed.
#include <string.h>

#include "stack_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 600, ROUNDS = 12 };

static void run_step(struct rig *rig)
{
    static const uint64_t wait_ns[] = {RIG_S / 1000, RIG_S / 5, 3 * RIG_S, 120 * RIG_S};
    uint32_t choice = rig_take(&rig->in, 1);
    uint32_t host = choice >> 7;
    switch (choice & 15) {
    case 0: rig_connect(rig); break;
    case 1: rig_settle(rig, ROUNDS); break;
    case 2: rig_take_events(rig, host, 1 + rig_below(&rig->in, 8)); break;
    case 3:
        rig_advance(rig, wait_ns[rig_below(&rig->in, 4)], 8);
        rig_settle(rig, ROUNDS);
        break;
    default: rig_call(rig, host); break;
    }
    rig_check(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    memset(&rig, 0, sizeof rig);
    rig.in = (struct rig_input){data, size};
    if (rig_begin(&rig)) {
        for (uint32_t i = 0; i < STEPS_MAX && rig.in.bytes > 0; i++) {
            run_step(&rig);
        }
    }
    rig_finish(&rig);
    return 0;
}
