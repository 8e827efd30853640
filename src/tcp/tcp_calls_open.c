// SPDX-License-Identifier: MIT
//
// User calls that begin a connection: RFC 9293 §3.10.1, OPEN in its passive and active form, and
// what the socket interface splits it into: open, bind, listen, accept, connect.
#include <string.h>

#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_syncache.h"
#include "tcp/tcp_time_wait.h"

enum { BACKLOG_DEFAULT = 128, BACKLOG_MAX = 1 << 20 };

enum synfin_error tcp_open(struct tcp *tcp, struct tcp_conn **out)
{
    if (tcp->conns.objects >= tcp->config.sockets_max) {
        return SYNFIN_ERROR_LIMIT;
    }
    *out = tcp_life_create(tcp, 0);
    return *out == NULL ? SYNFIN_ERROR_NO_MEMORY : SYNFIN_ERROR_OK;
}

static bool is_fresh(const struct tcp_conn *conn)
{
    return conn->state == SYNFIN_TCP_STATE_CLOSED && !conn->is_done;
}

// RFC 9293 §3.9.1.1 [MUST-43].
enum synfin_error tcp_bind(struct tcp *tcp, struct tcp_conn *conn,
                           const struct synfin_endpoint *local)
{
    uint16_t port = local->port;
    if (!is_fresh(conn) || conn->is_bound) {
        return SYNFIN_ERROR_INVALID;
    }
    if (port == 0) {
        enum synfin_error error = tcp_port_choose_free(tcp, &local->addr, &port);
        if (error != SYNFIN_ERROR_OK) {
            return error;
        }
    } else if (tcp_port_is_taken(tcp, &local->addr, port)) {
        return SYNFIN_ERROR_IN_USE;
    }
    conn->pair.local = local->addr;
    conn->pair.local_port = port;
    tcp_port_insert(tcp, conn);
    return SYNFIN_ERROR_OK;
}

// RFC 9293 §3.9.1.1 [MUST-41]: a new block, or an error.
enum synfin_error tcp_listen(struct tcp *tcp, struct tcp_conn *conn, uint32_t backlog,
                             uint64_t now_ns)
{
    bool is_listening = conn->state == SYNFIN_TCP_STATE_LISTEN;
    if (!is_listening && !is_fresh(conn)) {
        return SYNFIN_ERROR_CONNECTED;
    }
    if (!conn->is_bound) {
        return SYNFIN_ERROR_INVALID;
    }
    if (backlog == 0) {
        backlog = BACKLOG_DEFAULT;
    }
    conn->listen.backlog = backlog < BACKLOG_MAX ? backlog : BACKLOG_MAX;
    if (!is_listening) {
        conn->rcv.wscale_shift = tcp_window_offered_shift(tcp, conn); // of its children
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_LISTEN, SYNFIN_REASON_USER_LISTEN, now_ns);
        tcp_syncache_recount(tcp, now_ns);
    }
    return SYNFIN_ERROR_OK;
}

enum synfin_error tcp_accept(struct tcp *tcp, struct tcp_conn *listener, struct tcp_conn **out)
{
    if (listener->state != SYNFIN_TCP_STATE_LISTEN) {
        return SYNFIN_ERROR_INVALID;
    }
    if (listener->listen.acceptables == 0) {
        return SYNFIN_ERROR_AGAIN;
    }
    struct tcp_conn *conn = CONTAINER_OF(listener->listen.acceptable.next, struct tcp_conn, family);
    tcp_life_leave_listener(conn);
    if (conn->events != 0) { // what happened before anybody could be told
        list_push_back(&tcp->events, &conn->event);
    }
    *out = conn;
    return SYNFIN_ERROR_OK;
}

// Whether the user may open actively now. A listener may (RFC 9293 §3.10.1, state LISTEN), as
// long as it has no children.
static enum synfin_error check_connect(const struct tcp_conn *conn)
{
    bool is_childless = conn->listen.acceptables == 0 && conn->listen.half_opens == 0;
    bool is_listener = conn->state == SYNFIN_TCP_STATE_LISTEN && is_childless;
    if (tcp_state_is(conn, TCP_FACT_OPENING)) {
        return SYNFIN_ERROR_IN_PROGRESS;
    }
    return is_fresh(conn) || is_listener ? SYNFIN_ERROR_OK : SYNFIN_ERROR_CONNECTED;
}

// Fills in the pair: the bound address and port, or `source` and an ephemeral port. It stays as it
// is: RFC 9293 §3.9.1.1 [MUST-45].
static enum synfin_error choose_pair(struct tcp *tcp, const struct tcp_conn *conn,
                                     const struct synfin_endpoint *remote,
                                     const struct synfin_addr *source, struct tcp_pair *pair,
                                     uint64_t now_ns)
{
    memset(pair, 0, sizeof(*pair));
    pair->remote = remote->addr;
    pair->remote_port = remote->port;
    bool has_local = conn->is_bound && !synfin_addr_is_unspecified(&conn->pair.local);
    pair->local = has_local ? conn->pair.local : *source;
    if (!conn->is_bound) {
        return tcp_port_choose(tcp, pair, now_ns);
    }
    pair->local_port = conn->pair.local_port;
    return tcp_port_may_take(tcp, pair, now_ns) ? SYNFIN_ERROR_OK : SYNFIN_ERROR_IN_USE;
}

// RFC 9293 §3.6.1 [MAY-2] seen from this end: the pair may be in TIME-WAIT, and our numbers then
// begin beyond the old connection's.
static void take_over(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint64_t hash = tcp_stub_hash(&tcp->table_key, &conn->pair);
    struct tcp_stub *stub = tcp_stub_find(&tcp->time_wait, &conn->pair, hash);
    if (stub == NULL) {
        return;
    }
    if (seq_le(conn->iss, stub->ours)) {
        tcp_open_set_iss(conn, seq_add(stub->ours, TCP_ISN_STEP));
    }
    tcp_time_wait_end(tcp, stub, SYNFIN_REASON_TIME_WAIT_TAKEN, now_ns);
}

enum synfin_error tcp_connect(struct tcp *tcp, struct tcp_conn *conn,
                              const struct synfin_endpoint *remote,
                              const struct synfin_addr *source, const struct tcp_path *path,
                              uint64_t now_ns)
{
    ASSERT(remote->port != 0 && addr_kind_is_ipv4(&remote->addr) == addr_kind_is_ipv4(source));
    struct tcp_pair pair;
    enum synfin_error error = check_connect(conn);
    if (error == SYNFIN_ERROR_OK) {
        error = choose_pair(tcp, conn, remote, source, &pair, now_ns);
    }
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    tcp_port_remove(tcp, conn);
    conn->pair = pair;
    tcp_open_init(tcp, conn, path, now_ns);
    take_over(tcp, conn, now_ns);
    tcp_table_insert(tcp, conn);
    conn->fastopen = conn->set.has_fastopen_connect ? TCP_FASTOPEN_WAITING : TCP_FASTOPEN_NONE;
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_USER_CONNECT, now_ns);
    tcp_timer_on_queued(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
    return SYNFIN_ERROR_OK;
}
