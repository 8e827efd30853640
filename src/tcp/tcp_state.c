// SPDX-License-Identifier: MIT
//
// The only writer of a connection's state. Every change is along an edge of TCP_STATE_MAP, has
// a cause, is counted and traced; what follows from a change (timers, events, freeing) is the
// business of the step that made it.
#include "tcp/tcp_state.h"

#include "base/check.h"
#include "tcp/tcp.h"
#include "tcp/tcp_internal.h"

struct state_row {
    uint16_t successors, facts;
};

static const struct state_row STATE_ROWS[] = {
#define STATE_ROW(state, to, facts) [SYNFIN_TCP_STATE_##state] = {(to), (facts)},
    TCP_STATE_MAP(STATE_ROW)
#undef STATE_ROW
};

_Static_assert(sizeof(STATE_ROWS) / sizeof(STATE_ROWS[0]) == SYNFIN_TCP_STATE_COUNT,
               "one row per state");

bool tcp_state_may_go(enum synfin_tcp_state from, enum synfin_tcp_state to)
{
    return (STATE_ROWS[from].successors >> to & 1u) != 0;
}

bool tcp_state_is(const struct tcp_conn *conn, uint32_t facts)
{
    return (STATE_ROWS[conn->state].facts & facts) == facts;
}

void tcp_state_set(struct tcp *tcp, struct tcp_conn *conn, enum synfin_tcp_state to,
                   enum synfin_reason cause, uint64_t now_ns)
{
    struct tcp_change change = {.pair = &conn->pair,
                                .number = conn->number,
                                .from = (enum synfin_tcp_state)conn->state,
                                .to = to,
                                .cause = cause};
    tcp_state_adopt(tcp, conn, to);
    tcp_state_note(tcp, &change, now_ns);
}

void tcp_state_adopt(struct tcp *tcp, struct tcp_conn *conn, enum synfin_tcp_state state)
{
    tcp->by_state[conn->state]--;
    tcp->by_state[state]++;
    conn->state = (uint8_t)state;
}

void tcp_state_note(struct tcp *tcp, const struct tcp_change *change, uint64_t now_ns)
{
    ASSERT(tcp_state_may_go(change->from, change->to));
    tcp_trace_state(tcp, change, now_ns);
}
