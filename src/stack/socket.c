// SPDX-License-Identifier: MIT
//
// The socket calls of synfin/socket.h: a handle is checked once, here, and everything behind it
// is TCP's. A handle is the connection block's number in its pool and the generation that block
// was given with, so that a stale handle misses even when the block is in use again:
//
//     63            32 31             0
//     [  generation   | number + 1    ]     0 never names a socket
//
// A block whose user has let go (an orphan) and one that waits for accept have no handle.
#include <synfin/socket.h>

#include "net/net.h"
#include "stack/stack_internal.h"
#include "tcp/tcp.h"

synfin_socket socket_handle(const struct synfin_stack *stack, const struct tcp_conn *conn)
{
    uint32_t index = slab_pool_index(&stack->tcp.conns, conn);
    return (uint64_t)conn->generation << 32 | (index + 1);
}

struct tcp_conn *socket_conn(const struct synfin_stack *stack, synfin_socket socket)
{
    uint32_t number = (uint32_t)socket;
    if (number == 0) {
        return NULL;
    }
    struct tcp_conn *conn = slab_pool_at(&stack->tcp.conns, number - 1);
    if (conn == NULL || conn->generation != (uint32_t)(socket >> 32)) {
        return NULL;
    }
    return conn->is_orphan || conn->listener != NULL ? NULL : conn;
}

enum synfin_error synfin_socket_open(synfin_stack *stack, synfin_socket *out)
{
    struct tcp_conn *conn;
    *out = 0;
    enum synfin_error error = tcp_open(&stack->tcp, &conn);
    if (error == SYNFIN_ERROR_OK) {
        *out = socket_handle(stack, conn);
    } else {
        tcp_tell_refusal(&stack->tcp, NULL, NULL, error, stack->now_ns);
    }
    return error;
}

enum synfin_error synfin_socket_bind(synfin_stack *stack, synfin_socket socket,
                                     const struct synfin_endpoint *local)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    if (!synfin_addr_is_unspecified(&local->addr) && !net_is_local(stack->net, &local->addr)) {
        return SYNFIN_ERROR_BAD_LOCAL_ADDR;
    }
    return tcp_bind(&stack->tcp, conn, local);
}

enum synfin_error synfin_socket_listen(synfin_stack *stack, synfin_socket socket, uint32_t backlog,
                                       uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_listen(&stack->tcp, conn, backlog, stack_now(stack, now_ns));
}

enum synfin_error synfin_socket_accept(synfin_stack *stack, synfin_socket listener,
                                       synfin_socket *out, struct synfin_endpoint *peer)
{
    struct tcp_conn *conn = socket_conn(stack, listener);
    struct tcp_conn *child;
    *out = 0;
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    enum synfin_error error = tcp_accept(&stack->tcp, conn, &child);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    *out = socket_handle(stack, child);
    if (peer != NULL) {
        peer->addr = child->pair.remote;
        peer->port = child->pair.remote_port;
    }
    return SYNFIN_ERROR_OK;
}

static enum synfin_error begin_connect(struct synfin_stack *stack, struct tcp_conn *conn,
                                       const struct synfin_endpoint *remote, uint64_t now_ns)
{
    const struct synfin_addr *bound = NULL;
    if (conn->is_bound && !synfin_addr_is_unspecified(&conn->pair.local)) {
        bound = &conn->pair.local;
    }
    struct tcp_path path;
    struct synfin_addr source;
    enum synfin_error error = stack_path_find(stack, &remote->addr, bound, &path, &source);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    return tcp_connect(&stack->tcp, conn, remote, &source, &path, now_ns);
}

enum synfin_error synfin_socket_connect(synfin_stack *stack, synfin_socket socket,
                                        const struct synfin_endpoint *remote, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    if (synfin_addr_is_unspecified(&remote->addr) || remote->port == 0) {
        return SYNFIN_ERROR_INVALID;
    }
    now_ns = stack_now(stack, now_ns);
    enum synfin_error error = begin_connect(stack, conn, remote, now_ns);
    tcp_tell_refusal(&stack->tcp, conn, remote, error, now_ns);
    return error;
}

enum synfin_error synfin_socket_send(synfin_stack *stack, synfin_socket socket, const void *data,
                                     size_t bytes, size_t *sent, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    *sent = 0;
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_send(&stack->tcp, conn, data, bytes, sent, stack_now(stack, now_ns));
}

enum synfin_error synfin_socket_recv(synfin_stack *stack, synfin_socket socket, void *data,
                                     size_t capacity, size_t *received, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    *received = 0;
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_recv(&stack->tcp, conn, data, capacity, received, stack_now(stack, now_ns));
}

enum synfin_error synfin_socket_peek(synfin_stack *stack, synfin_socket socket,
                                     struct synfin_span *pieces, uint32_t *count)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        *count = 0;
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_peek(&stack->tcp, conn, pieces, count);
}

enum synfin_error synfin_socket_consume(synfin_stack *stack, synfin_socket socket, size_t bytes,
                                        uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_consume(&stack->tcp, conn, bytes, stack_now(stack, now_ns));
}

enum synfin_error synfin_socket_shutdown(synfin_stack *stack, synfin_socket socket,
                                         enum synfin_shutdown how, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_shutdown(&stack->tcp, conn, how, stack_now(stack, now_ns));
}

void synfin_socket_close(synfin_stack *stack, synfin_socket socket, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn != NULL) {
        tcp_close(&stack->tcp, conn, stack_now(stack, now_ns));
    }
}

void synfin_socket_abort(synfin_stack *stack, synfin_socket socket, uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn != NULL) {
        tcp_abort(&stack->tcp, conn, stack_now(stack, now_ns));
    }
}
