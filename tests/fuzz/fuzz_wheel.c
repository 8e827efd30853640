// SPDX-License-Identifier: MIT
//
// The timer wheel under any order of arming, cancelling and leaps of time, against an array of
// deadlines. The first octets choose where the clock begins, so that every level is crossed.
#include "base/wheel.h"
#include "fuzz_input.h"

#include <synfin/stack.h>

enum { ENTRIES = 32 };

struct model {
    struct wheel wheel;
    struct wheel_entry entry[ENTRIES];
    uint64_t deadline_ns[ENTRIES]; // SYNFIN_NEVER: not armed
    uint64_t now_ns;
};

static uint64_t first_deadline(const struct model *m)
{
    uint64_t first_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        first_ns = m->deadline_ns[i] < first_ns ? m->deadline_ns[i] : first_ns;
    }
    return first_ns;
}

static void advance(struct model *m, uint64_t now_ns)
{
    uint64_t tick = 0;
    wheel_advance(&m->wheel, now_ns);
    if (now_ns < m->now_ns) { // changes nothing
        fuzz_require(wheel_pop_due(&m->wheel) == NULL);
        return;
    }
    m->now_ns = now_ns;
    for (struct wheel_entry *entry; (entry = wheel_pop_due(&m->wheel)) != NULL;) {
        uint64_t *deadline_ns = &m->deadline_ns[entry - m->entry];
        fuzz_require(*deadline_ns <= m->now_ns && *deadline_ns >> WHEEL_TICK_SHIFT >= tick);
        tick = *deadline_ns >> WHEEL_TICK_SHIFT;
        *deadline_ns = SYNFIN_NEVER;
    }
    fuzz_require(first_deadline(m) > m->now_ns);
}

static void arm(struct model *m, uint32_t which, uint64_t deadline_ns)
{
    wheel_arm(&m->wheel, &m->entry[which], deadline_ns);
    m->deadline_ns[which] = deadline_ns < m->now_ns ? m->now_ns : deadline_ns;
}

// A wait of up to eight octets, or a moment before now.
static uint64_t take_time(const struct model *m, struct fuzz_input *in)
{
    uint32_t octets = (uint32_t)fuzz_take(in, 1);
    uint64_t wait_ns = fuzz_take(in, octets % 9);
    if (octets >= 0xf0) {
        return m->now_ns - (wait_ns < m->now_ns ? wait_ns : m->now_ns);
    }
    return wait_ns < SYNFIN_NEVER - 1 - m->now_ns ? m->now_ns + wait_ns : SYNFIN_NEVER - 1;
}

static void run_step(struct model *m, struct fuzz_input *in)
{
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    uint32_t which = choice % ENTRIES;
    uint64_t next_ns = wheel_next_deadline(&m->wheel);
    uint64_t first_ns = first_deadline(m);
    fuzz_require(next_ns <= first_ns && (next_ns == SYNFIN_NEVER) == (first_ns == SYNFIN_NEVER));
    switch (choice / ENTRIES) {
    case 0:
        wheel_cancel(&m->wheel, &m->entry[which]);
        m->deadline_ns[which] = SYNFIN_NEVER;
        break;
    case 1: advance(m, take_time(m, in)); break;
    case 2: advance(m, next_ns == SYNFIN_NEVER ? m->now_ns : next_ns); break;
    default: arm(m, which, take_time(m, in)); break;
    }
    fuzz_require(wheel_is_armed(&m->entry[which]) == (m->deadline_ns[which] != SYNFIN_NEVER));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct fuzz_input in = {data, size};
    m.now_ns = fuzz_take(&in, 8) >> 1;
    wheel_init(&m.wheel, m.now_ns);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        wheel_entry_init(&m.entry[i]);
        m.deadline_ns[i] = SYNFIN_NEVER;
    }
    while (in.bytes > 0) {
        run_step(&m, &in);
    }
    advance(&m, SYNFIN_NEVER - 1);
    fuzz_require(m.wheel.entries == 0);
    return 0;
}
