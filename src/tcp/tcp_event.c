// SPDX-License-Identifier: MIT
//
// What sockets tell their user: one pending bit per kind of event, and a list of the sockets
// that have any. A connection that no user holds (not accepted yet, or closed) tells nothing;
// what happened to it before accept is told right after.
#include <string.h>

#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_memory.h"

void tcp_event_tell(struct tcp *tcp, struct tcp_conn *conn, enum synfin_event_kind kind)
{
    if (conn->is_orphan) {
        return;
    }
    conn->events |= (uint8_t)(1u << kind);
    if (conn->listener == NULL && list_is_empty(&conn->event)) {
        list_push_back(&tcp->events, &conn->event);
    }
}

// What is out has no answer: a SYN or data that went once and `retries` times again, or probes.
uint32_t tcp_event_tries(const struct tcp_conn *conn)
{
    bool is_probing = conn->retries == 0 && conn->unanswered > 0;
    if (conn->is_done) {
        return conn->end_tries;
    }
    if (is_probing) {
        return conn->unanswered;
    }
    return conn->retries + (uint32_t)seq_lt(conn->snd.una, conn->snd.nxt);
}

// Until the peer is heard for the first time, ack_received_ns is when connect was called.
uint64_t tcp_event_waited(const struct tcp_conn *conn, uint64_t now_ns)
{
    return conn->is_done ? conn->end_waited_ns : deadline_age(conn->totals.ack_received_ns, now_ns);
}

// RFC 9293 §3.6 [MUST-12]: `error` is OK when both directions were closed in order.
void tcp_event_end(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                   enum synfin_reason cause, uint64_t now_ns)
{
    if (conn->is_done) {
        return;
    }
    conn->end_tries = tcp_event_tries(conn);
    conn->end_waited_ns = tcp_event_waited(conn, now_ns);
    conn->is_done = true;
    conn->error = (uint8_t)error;
    conn->end_reason = (uint16_t)cause;
    tcp_trace_outcome(tcp, &conn->pair, conn->number, error, cause, now_ns);
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_CLOSED);
}

bool tcp_next_event(struct tcp *tcp, struct synfin_event *event, struct tcp_conn **out)
{
    if (list_is_empty(&tcp->events)) {
        tcp_memory_wake(tcp);
    }
    if (list_is_empty(&tcp->events)) {
        return false;
    }
    struct tcp_conn *conn = CONTAINER_OF(tcp->events.next, struct tcp_conn, event);
    ASSERT(conn->events != 0);
    uint32_t kind = (uint32_t)__builtin_ctz(conn->events);
    conn->events &= (uint8_t)(conn->events - 1);
    if (conn->events == 0) {
        list_remove(&conn->event);
    }
    *event = (struct synfin_event){.kind = (enum synfin_event_kind)kind, .user = conn->user};
    if (kind == SYNFIN_EVENT_CLOSED) {
        event->error = (enum synfin_error)conn->error;
        event->reason = (enum synfin_reason)conn->end_reason;
        event->tries = conn->end_tries;
        event->waited_ns = conn->end_waited_ns;
        event->icmp = conn->icmp;
    }
    *out = conn;
    return true;
}

// The causes of failures that come before any segment; UNKNOWN for wrong calls.
static enum synfin_reason reason_of_refusal(enum synfin_error error)
{
    switch ((unsigned)error) {
    case SYNFIN_ERROR_NO_ROUTE: return SYNFIN_REASON_NO_ROUTE;
    case SYNFIN_ERROR_BAD_LOCAL_ADDR: return SYNFIN_REASON_NO_SOURCE;
    case SYNFIN_ERROR_NO_PORTS: return SYNFIN_REASON_NO_PORTS;
    case SYNFIN_ERROR_IN_USE: return SYNFIN_REASON_PAIR_IN_USE;
    case SYNFIN_ERROR_LIMIT: return SYNFIN_REASON_SOCKETS_OVER;
    case SYNFIN_ERROR_NO_MEMORY: return SYNFIN_REASON_MEMORY_OVER;
    default: return SYNFIN_REASON_UNKNOWN;
    }
}

void tcp_tell_refusal(struct tcp *tcp, const struct tcp_conn *conn,
                      const struct synfin_endpoint *remote, enum synfin_error error,
                      uint64_t now_ns)
{
    enum synfin_reason reason = reason_of_refusal(error);
    struct tcp_pair pair;
    if (reason == SYNFIN_REASON_UNKNOWN) {
        return;
    }
    memset(&pair, 0, sizeof(pair));
    if (conn != NULL) {
        pair.local = conn->pair.local;
        pair.local_port = conn->pair.local_port;
    }
    if (remote != NULL) {
        pair.remote = remote->addr;
        pair.remote_port = remote->port;
    }
    report_count(tcp->report, reason);
    tcp_trace_outcome(tcp, &pair, conn != NULL ? conn->number : 0, error, reason, now_ns);
}
