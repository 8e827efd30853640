// SPDX-License-Identifier: MIT
//
// User calls that end a connection: RFC 9293 §3.10.4, CLOSE, and §3.10.5, ABORT, and the socket
// interface's shutdown. The state changes when the user closes, not when the FIN is sent: a
// connection whose peer takes nothing more still leaves ESTABLISHED at once.
#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_syncache.h"
#include "tcp/tcp_time_wait.h"

// The user's direction ends: a FIN follows what is queued.
static void finish_sending(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                           uint64_t now_ns)
{
    conn->snd_closed = true;
    switch ((enum synfin_tcp_state)conn->state) {
    case SYNFIN_TCP_STATE_SYN_RECEIVED: // §3.10.4: with data queued it waits for ESTABLISHED
        if (conn->send.bytes > 0) {
            return;
        }
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_FIN_WAIT_1, cause, now_ns);
        break;
    case SYNFIN_TCP_STATE_ESTABLISHED:
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_FIN_WAIT_1, cause, now_ns);
        break;
    case SYNFIN_TCP_STATE_CLOSE_WAIT:
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_LAST_ACK, cause, now_ns);
        break;
    case SYNFIN_TCP_STATE_SYN_SENT: // after the handshake, for which a SYN may have waited
        break;
    case SYNFIN_TCP_STATE_CLOSED:
    case SYNFIN_TCP_STATE_LISTEN:
    case SYNFIN_TCP_STATE_FIN_WAIT_1:
    case SYNFIN_TCP_STATE_FIN_WAIT_2:
    case SYNFIN_TCP_STATE_CLOSING:
    case SYNFIN_TCP_STATE_LAST_ACK:
    case SYNFIN_TCP_STATE_TIME_WAIT:
    case SYNFIN_TCP_STATE_COUNT: return;
    }
    tcp_timer_on_queued(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
}

void tcp_close_deferred(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->snd_closed && conn->state == SYNFIN_TCP_STATE_ESTABLISHED) {
        finish_sending(tcp, conn,
                       conn->is_orphan ? SYNFIN_REASON_USER_CLOSE : SYNFIN_REASON_USER_SHUTDOWN,
                       now_ns);
    }
}

static bool is_open(const struct tcp_conn *conn)
{
    return tcp_state_is(conn, TCP_FACT_OPENING) || tcp_state_is(conn, TCP_FACT_SYNCHRONISED);
}

static void stop_reading(struct tcp *tcp, struct tcp_conn *conn)
{
    conn->rcv_shut = true;
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_READ_ON)) {
        stream_clear(&conn->receive, &tcp->chunks);
    }
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_READABLE);
}

enum synfin_error tcp_shutdown(struct tcp *tcp, struct tcp_conn *conn, enum synfin_shutdown how,
                               uint64_t now_ns)
{
    if (!is_open(conn)) {
        return SYNFIN_ERROR_NOT_CONNECTED;
    }
    if (how != SYNFIN_SHUTDOWN_WRITE) {
        stop_reading(tcp, conn);
    }
    if (how != SYNFIN_SHUTDOWN_READ && !conn->snd_closed) {
        finish_sending(tcp, conn, SYNFIN_REASON_USER_SHUTDOWN, now_ns);
    }
    return SYNFIN_ERROR_OK;
}

// The handle is gone; nobody is told anything any more, and nobody reads.
// RFC 9293 §3.6.1 [MAY-1].
static void make_orphan(struct tcp *tcp, struct tcp_conn *conn)
{
    conn->is_orphan = true;
    conn->events = 0;
    conn->user = NULL;
    list_remove(&conn->event);
    stream_clear(&conn->receive, &tcp->chunks);
}

static void end_children(struct tcp *tcp, struct list_node *children, uint64_t now_ns)
{
    while (!list_is_empty(children)) {
        struct tcp_conn *child = CONTAINER_OF(children->next, struct tcp_conn, family);
        if (child->is_done) { // and waited for accept to tell how
            tcp_life_free(tcp, child);
            continue;
        }
        tcp_life_reset(tcp, child, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_SEND_RST_LISTENER_GONE,
                       SYNFIN_REASON_USER_CLOSE, now_ns);
    }
}

static void close_listener(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    end_children(tcp, &conn->listen.acceptable, now_ns);
    tcp_life_end(tcp, conn, SYNFIN_ERROR_OK, SYNFIN_REASON_USER_CLOSE, now_ns);
    tcp_syncache_recount(tcp, now_ns);
}

static bool has_lost_unread(const struct tcp_conn *conn)
{
    return conn->receive.bytes > 0 && conn->state != SYNFIN_TCP_STATE_TIME_WAIT;
}

void tcp_close(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_unread = has_lost_unread(conn);
    if (conn->set.linger == 0 && (is_open(conn) || conn->is_done)) {
        tcp_abort(tcp, conn, now_ns);
        return;
    }
    make_orphan(tcp, conn);
    if (conn->state == SYNFIN_TCP_STATE_CLOSED) {
        tcp_life_free(tcp, conn);
    } else if (conn->state == SYNFIN_TCP_STATE_LISTEN) {
        close_listener(tcp, conn, now_ns);
    } else if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        tcp_life_end(tcp, conn, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_USER_CLOSE, now_ns);
    } else if (is_unread) { // RFC 9293 §3.6.1 [SHLD-3]
        tcp_life_reset(tcp, conn, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_SEND_RST_UNREAD,
                       SYNFIN_REASON_USER_CLOSE, now_ns);
    } else {
        finish_sending(tcp, conn, SYNFIN_REASON_USER_CLOSE, now_ns);
        tcp_timer_on_orphan(tcp, conn, now_ns);
    }
}

// §3.10.5: in CLOSING, LAST-ACK and TIME-WAIT the peer needs no telling.
static bool must_reset(const struct tcp_conn *conn)
{
    bool both_closed = tcp_state_is(conn, TCP_FACT_CLOSED_HERE | TCP_FACT_CLOSED_THERE);
    return is_open(conn) && conn->state != SYNFIN_TCP_STATE_SYN_SENT && !both_closed;
}

void tcp_abort(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_stub *time_wait = tcp_time_wait_of(tcp, conn);
    if (time_wait != NULL) {
        tcp_time_wait_end(tcp, time_wait, SYNFIN_REASON_USER_ABORT, now_ns);
    }
    make_orphan(tcp, conn);
    if (conn->state == SYNFIN_TCP_STATE_CLOSED) {
        tcp_life_free(tcp, conn);
    } else if (conn->state == SYNFIN_TCP_STATE_LISTEN) {
        close_listener(tcp, conn, now_ns);
    } else if (must_reset(conn)) {
        tcp_life_reset(tcp, conn, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_SEND_RST_ABORT,
                       SYNFIN_REASON_USER_ABORT, now_ns);
    } else {
        tcp_life_end(tcp, conn, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_USER_ABORT, now_ns);
    }
}
