// SPDX-License-Identifier: MIT
//
// The server's side of its connections; see serve.h. When a service is done with one, our direction
// ends, and what the peer still sends is swallowed until its end comes, for a while: a reset must
// not overtake the last answer, and the server learns how the connection ended.
#include "cli/serve.h"

#include <stdlib.h>
#include <string.h>

#include "cli/serve_log.h"

static const uint64_t wait_ns[SERVE_WAIT_COUNT] = {
#define SERVE_WAIT_NS(code, seconds) (seconds) * UINT64_C(1000000000),
    SERVE_WAITS(SERVE_WAIT_NS)
#undef SERVE_WAIT_NS
};

static void unlink_conn(struct serve_conn *conn)
{
    struct serve *serve = conn->serve;
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        serve->queue[conn->wait].first = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    } else {
        serve->queue[conn->wait].last = conn->prev;
    }
}

static void link_conn(struct serve_conn *conn, enum serve_wait wait, uint64_t now_ns)
{
    struct serve *serve = conn->serve;
    conn->wait = wait;
    conn->deadline_ns = wait == SERVE_WAIT_NONE ? SYNFIN_NEVER : now_ns + wait_ns[wait];
    conn->next = NULL;
    conn->prev = serve->queue[wait].last;
    if (conn->prev != NULL) {
        conn->prev->next = conn;
    } else {
        serve->queue[wait].first = conn;
    }
    serve->queue[wait].last = conn;
}

void serve_wait(struct serve_conn *conn, enum serve_wait wait, uint64_t now_ns)
{
    unlink_conn(conn);
    link_conn(conn, wait, now_ns);
}

static void forget(struct serve_conn *conn)
{
    struct serve *serve = conn->serve;
    unlink_conn(conn);
    if (!conn->is_closing) {
        serve->service->release(conn);
    }
    serve->ended++;
    serve->octets_in += conn->octets_in;
    serve->octets_out += conn->octets_out;
    free(conn);
}

// Gives the handle up: what is left of the close happens without us.
static void let_go(struct serve_conn *conn, uint64_t now_ns)
{
    synfin_socket_close(conn->serve->stack, conn->socket, now_ns);
    forget(conn);
}

static void start_closing(struct serve_conn *conn, uint64_t now_ns)
{
    conn->serve->service->release(conn);
    conn->is_closing = true;
    serve_wait(conn, SERVE_WAIT_LINGER, now_ns);
    // It fails when the connection has ended meanwhile, and then an event says how.
    (void)!synfin_socket_shutdown(conn->serve->stack, conn->socket, SYNFIN_SHUTDOWN_WRITE, now_ns);
}

static void swallow(struct serve_conn *conn, uint64_t now_ns)
{
    size_t count;
    while (serve_receive(conn, conn->serve->scratch, SERVE_SCRATCH_BYTES, &count, now_ns)
           == SERVE_INPUT_OCTETS) {
    }
}

static void settle(struct serve_conn *conn, enum serve_verdict verdict, uint64_t now_ns)
{
    switch (verdict) {
    case SERVE_VERDICT_WAIT: return;
    case SERVE_VERDICT_CLOSE:
        start_closing(conn, now_ns);
        swallow(conn, now_ns);
        return;
    case SERVE_VERDICT_ABORT: break;
    }
    serve_log_end(conn, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_UNKNOWN, now_ns);
    synfin_socket_abort(conn->serve->stack, conn->socket, now_ns);
    forget(conn);
}

static struct serve_conn *make_conn(struct serve *serve, synfin_socket socket, uint64_t now_ns)
{
    struct serve_conn *conn = calloc(1, serve->service->conn_bytes);
    if (conn == NULL) {
        return NULL;
    }
    conn->serve = serve;
    conn->socket = socket;
    conn->accepted_ns = now_ns;
    conn->number = ++serve->accepted;
    link_conn(conn, SERVE_WAIT_NONE, now_ns);
    return conn;
}

static void stop_listening(struct serve *serve, uint64_t now_ns)
{
    if (serve->listener != 0) {
        synfin_socket_close(serve->stack, serve->listener, now_ns);
        serve->listener = 0;
    }
}

void serve_accept(struct serve *serve, uint64_t now_ns)
{
    synfin_socket socket;
    struct synfin_endpoint peer;
    while (serve->listener != 0
           && synfin_socket_accept(serve->stack, serve->listener, &socket, &peer)
                  == SYNFIN_ERROR_OK) {
        struct serve_conn *conn = make_conn(serve, socket, now_ns);
        if (conn == NULL || synfin_socket_set_user(serve->stack, socket, conn) != SYNFIN_ERROR_OK) {
            synfin_socket_abort(serve->stack, socket, now_ns);
            if (conn != NULL) {
                forget(conn);
            }
            continue;
        }
        conn->peer = peer;
        serve_log_accept(conn, now_ns);
        if (serve->accepted == serve->accept_max) {
            stop_listening(serve, now_ns);
        }
        // Events of before the handle was ours named nobody.
        settle(conn, serve->service->advance(conn, now_ns), now_ns);
    }
}

void serve_event(struct serve *serve, const struct synfin_event *event, uint64_t now_ns)
{
    struct serve_conn *conn = event->user;
    if (conn == NULL) {
        return;
    }
    if (event->kind == SYNFIN_EVENT_CLOSED) {
        serve_log_end(conn, event->error, event->reason, now_ns);
        let_go(conn, now_ns);
    } else if (conn->is_closing) {
        swallow(conn, now_ns);
    } else {
        settle(conn, serve->service->advance(conn, now_ns), now_ns);
    }
}

// Takes the first connection out of the queue when its time is over.
static struct serve_conn *pop_due(struct serve *serve, enum serve_wait wait, uint64_t now_ns)
{
    struct serve_conn *conn = serve->queue[wait].first;
    if (conn == NULL || conn->deadline_ns > now_ns) {
        return NULL;
    }
    serve->queue[wait].first = conn->next;
    if (conn->next != NULL) {
        conn->next->prev = NULL;
    } else {
        serve->queue[wait].last = NULL;
    }
    return conn;
}

static void expire(struct serve_conn *conn, uint64_t now_ns)
{
    // Whatever happens, it comes to an end.
    link_conn(conn, SERVE_WAIT_LINGER, now_ns);
    if (conn->is_closing) {
        serve_log_end(conn, SYNFIN_ERROR_OK, SYNFIN_REASON_UNKNOWN, now_ns);
        let_go(conn, now_ns);
    } else {
        settle(conn, conn->serve->service->expire(conn, now_ns), now_ns);
    }
}

void serve_expire(struct serve *serve, uint64_t now_ns)
{
    for (int wait = SERVE_WAIT_NONE + 1; wait < SERVE_WAIT_COUNT; wait++) {
        struct serve_conn *conn;
        while ((conn = pop_due(serve, (enum serve_wait)wait, now_ns)) != NULL) {
            expire(conn, now_ns);
        }
    }
}

uint64_t serve_deadline(const struct serve *serve)
{
    uint64_t deadline_ns = SYNFIN_NEVER;
    for (int wait = SERVE_WAIT_NONE + 1; wait < SERVE_WAIT_COUNT; wait++) {
        const struct serve_conn *conn = serve->queue[wait].first;
        if (conn != NULL && conn->deadline_ns < deadline_ns) {
            deadline_ns = conn->deadline_ns;
        }
    }
    return deadline_ns;
}

// Calls `visit` for each connection, for those that it moves to a later queue once more.
static void visit_all(struct serve *serve, uint64_t now_ns,
                      enum serve_verdict (*visit)(struct serve_conn *, uint64_t))
{
    for (int wait = 0; wait < SERVE_WAIT_COUNT; wait++) {
        struct serve_conn *last = serve->queue[wait].last;
        struct serve_conn *conn = serve->queue[wait].first;
        while (conn != NULL) {
            struct serve_conn *next = conn == last ? NULL : conn->next;
            settle(conn, visit(conn, now_ns), now_ns);
            conn = next;
        }
    }
}

static enum serve_verdict drain(struct serve_conn *conn, uint64_t now_ns)
{
    return conn->is_closing ? SERVE_VERDICT_WAIT : conn->serve->service->drain(conn, now_ns);
}

void serve_drain(struct serve *serve, uint64_t now_ns)
{
    serve->is_draining = true;
    stop_listening(serve, now_ns);
    visit_all(serve, now_ns, drain);
}

static enum serve_verdict condemn(struct serve_conn *conn, uint64_t now_ns)
{
    (void)conn;
    (void)now_ns;
    return SERVE_VERDICT_ABORT;
}

void serve_abort(struct serve *serve, uint64_t now_ns)
{
    stop_listening(serve, now_ns);
    visit_all(serve, now_ns, condemn);
}

uint64_t serve_open_count(const struct serve *serve)
{
    return serve->accepted - serve->ended;
}

bool serve_send(struct serve_conn *conn, const void *octets, size_t count, size_t *taken,
                uint64_t now_ns)
{
    *taken = 0;
    while (*taken < count) {
        size_t sent = 0;
        enum synfin_error error =
            synfin_socket_send(conn->serve->stack, conn->socket, (const uint8_t *)octets + *taken,
                               count - *taken, &sent, now_ns);
        if (error != SYNFIN_ERROR_OK) {
            return error == SYNFIN_ERROR_AGAIN;
        }
        *taken += sent;
        conn->octets_out += sent;
    }
    return true;
}

enum serve_input serve_receive(struct serve_conn *conn, void *octets, size_t capacity,
                               size_t *count, uint64_t now_ns)
{
    enum synfin_error error =
        synfin_socket_recv(conn->serve->stack, conn->socket, octets, capacity, count, now_ns);
    if (error == SYNFIN_ERROR_AGAIN) {
        return SERVE_INPUT_NOTHING;
    }
    if (error != SYNFIN_ERROR_OK) {
        return SERVE_INPUT_FAILED;
    }
    conn->octets_in += *count;
    return *count == 0 ? SERVE_INPUT_END : SERVE_INPUT_OCTETS;
}
