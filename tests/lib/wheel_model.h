// SPDX-License-Identifier: MIT
//
// A timer wheel beside an array of its deadlines, for tests that arm, cancel and let time pass in
// any order. What returns a bool says whether the wheel does as the array has it.
#ifndef WHEEL_MODEL_H
#define WHEEL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/stack.h>

#include "base/wheel.h"

enum { WHEEL_MODEL_MAX = 200 };

struct wheel_model {
    struct wheel wheel;
    struct wheel_entry entry[WHEEL_MODEL_MAX];
    uint64_t deadline_ns[WHEEL_MODEL_MAX]; // SYNFIN_NEVER: not armed
    uint32_t entries;
    uint64_t now_ns;
};

// The first of these; SYNFIN_NEVER when there is none.
static inline uint64_t wheel_model_first(const uint64_t *deadline_ns, uint32_t count)
{
    uint64_t first_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < count; i++) {
        first_ns = deadline_ns[i] < first_ns ? deadline_ns[i] : first_ns;
    }
    return first_ns;
}

static inline void wheel_model_init(struct wheel_model *m, uint32_t entries, uint64_t now_ns)
{
    m->entries = entries;
    m->now_ns = now_ns;
    wheel_init(&m->wheel, now_ns);
    for (uint32_t i = 0; i < entries; i++) {
        wheel_entry_init(&m->entry[i]);
        m->deadline_ns[i] = SYNFIN_NEVER;
    }
}

// All that is due comes, by ticks, and nothing else. A clock that steps back changes nothing.
static inline bool wheel_model_advance(struct wheel_model *m, uint64_t now_ns)
{
    uint64_t tick = 0;
    bool holds = true;
    wheel_advance(&m->wheel, now_ns);
    if (now_ns < m->now_ns) {
        return wheel_pop_due(&m->wheel) == NULL;
    }
    m->now_ns = now_ns;
    for (struct wheel_entry *entry; (entry = wheel_pop_due(&m->wheel)) != NULL;) {
        uint64_t *deadline_ns = &m->deadline_ns[entry - m->entry];
        holds = holds && *deadline_ns <= now_ns && *deadline_ns >> WHEEL_TICK_SHIFT >= tick;
        tick = *deadline_ns >> WHEEL_TICK_SHIFT;
        *deadline_ns = SYNFIN_NEVER;
    }
    return holds && wheel_model_first(m->deadline_ns, m->entries) > now_ns;
}

static inline void wheel_model_arm(struct wheel_model *m, uint32_t which, uint64_t deadline_ns)
{
    wheel_arm(&m->wheel, &m->entry[which], deadline_ns);
    m->deadline_ns[which] = deadline_ns < m->now_ns ? m->now_ns : deadline_ns;
}

static inline void wheel_model_cancel(struct wheel_model *m, uint32_t which)
{
    wheel_cancel(&m->wheel, &m->entry[which]);
    m->deadline_ns[which] = SYNFIN_NEVER;
}

// The next moment is no later than the first deadline, and is one only while anything is armed.
static inline bool wheel_model_check(const struct wheel_model *m, uint32_t which)
{
    uint64_t next_ns = wheel_next_deadline(&m->wheel);
    uint64_t first_ns = wheel_model_first(m->deadline_ns, m->entries);
    bool is_armed = m->deadline_ns[which] != SYNFIN_NEVER;
    return next_ns <= first_ns && (next_ns == SYNFIN_NEVER) == (first_ns == SYNFIN_NEVER)
           && next_ns >= m->now_ns >> WHEEL_TICK_SHIFT << WHEEL_TICK_SHIFT
           && wheel_is_armed(&m->entry[which]) == is_armed;
}

#endif
