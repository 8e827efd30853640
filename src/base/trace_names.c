// SPDX-License-Identifier: MIT
//
// Names of states, trace events, timers and socket events, from the lists in synfin/trace.h and
// synfin/stack.h.
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
