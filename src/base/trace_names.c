// SPDX-License-Identifier: MIT
//
// Names of states, trace events, timers, socket events and algorithms of congestion control, from
// the lists in synfin/trace.h, synfin/stack.h and synfin/congestion.h.
#include <synfin/stack.h>
#include <synfin/trace.h>

#include <stdint.h>

static const char *const states[] = {
#define STATE_NAME(code, name) name,
    SYNFIN_TCP_STATES(STATE_NAME)
#undef STATE_NAME
};

static const char *const kinds[] = {
#define KIND_NAME(code, name, text) name,
    SYNFIN_TRACE_KINDS(KIND_NAME)
#undef KIND_NAME
};

static const char *const timers[] = {
#define TIMER_NAME(code, name) name,
    SYNFIN_TCP_TIMERS(TIMER_NAME)
#undef TIMER_NAME
};

static const char *const events[] = {
#define EVENT_NAME(code, name, text) name,
    SYNFIN_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

static const char *const congestions[] = {
#define CONGESTION_NAME(code, name, rfc) name,
    SYNFIN_CONGESTIONS(CONGESTION_NAME)
#undef CONGESTION_NAME
};

const char *synfin_tcp_state_name(enum synfin_tcp_state state)
{
    return (uint32_t)state < SYNFIN_TCP_STATE_COUNT ? states[state] : "?";
}

const char *synfin_trace_kind_name(enum synfin_trace_kind kind)
{
    return (uint32_t)kind < SYNFIN_TRACE_KIND_COUNT ? kinds[kind] : "?";
}

const char *synfin_tcp_timer_name(enum synfin_tcp_timer timer)
{
    return (uint32_t)timer < SYNFIN_TCP_TIMER_COUNT ? timers[timer] : "?";
}

const char *synfin_event_name(enum synfin_event_kind kind)
{
    return (uint32_t)kind < SYNFIN_EVENT_COUNT ? events[kind] : "?";
}

const char *synfin_congestion_name(enum synfin_congestion algorithm)
{
    return (uint32_t)algorithm < SYNFIN_CONGESTION_COUNT ? congestions[algorithm] : "?";
}

static bool are_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

bool synfin_congestion_find(const char *name, enum synfin_congestion *out)
{
    if (are_equal(name, "reno")) {
        *out = SYNFIN_CONGESTION_NEWRENO;
        return true;
    }
    for (uint32_t i = 0; i < SYNFIN_CONGESTION_COUNT; i++) {
        if (are_equal(name, congestions[i])) {
            *out = (enum synfin_congestion)i;
            return true;
        }
    }
    return false;
}
