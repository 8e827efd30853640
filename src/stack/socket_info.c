// SPDX-License-Identifier: MIT
//
// What a socket tells of itself and lets itself be told: options, the two ends, the caller's
// pointer, and the figures of struct synfin_tcp_info.
#include <string.h>

#include <synfin/socket.h>

#include "stack/stack_internal.h"
#include "tcp/tcp.h"

enum synfin_error synfin_socket_set_option(synfin_stack *stack, synfin_socket socket,
                                           enum synfin_option option, int64_t value,
                                           uint64_t now_ns)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_set_option(&stack->tcp, conn, option, value, stack_now(stack, now_ns));
}

enum synfin_error synfin_socket_get_option(synfin_stack *stack, synfin_socket socket,
                                           enum synfin_option option, int64_t *value)
{
    const struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    return tcp_get_option(&stack->tcp, conn, option, value);
}

enum synfin_error synfin_socket_set_congestion(synfin_stack *stack, synfin_socket socket,
                                               const char *name)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    enum synfin_congestion algorithm;
    if (!synfin_congestion_find(name, &algorithm)) {
        return SYNFIN_ERROR_INVALID;
    }
    return tcp_set_congestion(&stack->tcp, conn, algorithm);
}

enum synfin_error synfin_socket_congestion(synfin_stack *stack, synfin_socket socket,
                                           const char **name)
{
    const struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    *name = synfin_congestion_name((enum synfin_congestion)conn->set.congestion);
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_socket_set_user(synfin_stack *stack, synfin_socket socket, void *user)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    conn->user = user;
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_socket_endpoints(synfin_stack *stack, synfin_socket socket,
                                          struct synfin_endpoint *local,
                                          struct synfin_endpoint *remote)
{
    const struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    if (local != NULL) {
        local->addr = conn->pair.local;
        local->port = conn->pair.local_port;
    }
    if (remote == NULL) {
        return SYNFIN_ERROR_OK;
    }
    remote->addr = conn->pair.remote;
    remote->port = conn->pair.remote_port;
    return remote->port == 0 ? SYNFIN_ERROR_NOT_CONNECTED : SYNFIN_ERROR_OK;
}

// True for a handle that was never connected, and for a listener.
static bool has_no_connection(const struct tcp_conn *conn)
{
    return conn->pair.remote_port == 0;
}

enum synfin_error synfin_socket_info(synfin_stack *stack, synfin_socket socket,
                                     struct synfin_tcp_info *info, uint64_t now_ns)
{
    const struct tcp_conn *conn = socket_conn(stack, socket);
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    // A shorter struct is that of an older header, and gets what it has room for.
    if (info->size < sizeof info->size || info->size > sizeof *info) {
        return SYNFIN_ERROR_INVALID;
    }
    if (has_no_connection(conn)) {
        return SYNFIN_ERROR_NOT_CONNECTED;
    }
    struct synfin_tcp_info full;
    memset(&full, 0, sizeof full);
    tcp_info(&stack->tcp, conn, &full, stack_now(stack, now_ns));
    full.size = info->size;
    memcpy(info, &full, info->size);
    return SYNFIN_ERROR_OK;
}
