// SPDX-License-Identifier: MIT
//
// What sockets tell their user: one pending bit per kind of event, and a list of the sockets
// that have any. A connection that no user holds (not accepted yet, or closed) tells nothing;
// what happened to it before accept is told right after.
#include "base/check.h"
#include "tcp/tcp_internal.h"

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

// RFC 9293 §3.6 [MUST-12]: `error` is OK when both directions were closed in order.
void tcp_event_end(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                   enum synfin_reason cause, uint64_t now_ns)
{
    if (conn->is_done) {
        return;
    }
    conn->is_done = true;
    conn->error = (uint8_t)error;
    conn->end_reason = (uint16_t)cause;
    tcp_trace_outcome(tcp, &conn->pair, conn->number, error, cause, now_ns);
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_CLOSED);
}

bool tcp_next_event(struct tcp *tcp, struct synfin_event *event, struct tcp_conn **out)
{
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
    event->kind = (enum synfin_event_kind)kind;
    event->user = conn->user;
    event->error = kind == SYNFIN_EVENT_CLOSED ? (enum synfin_error)conn->error : SYNFIN_ERROR_OK;
    event->reason =
        kind == SYNFIN_EVENT_CLOSED ? (enum synfin_reason)conn->end_reason : SYNFIN_REASON_UNKNOWN;
    *out = conn;
    return true;
}
