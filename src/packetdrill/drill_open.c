// SPDX-License-Identifier: MIT
//
// Calls that make, connect and end sockets.
#include <errno.h>
#include <netinet/in.h>

#include "packetdrill/drill_fastopen.h"
#include "packetdrill/drill_keep.h"
#include "packetdrill/packetdrill.h"

enum { US_PER_S = 1000000 };

// The sockets that a setting of the system gives another beginning than the stack's configuration.
static void apply_settings(struct drill *drill, const struct drill_handle *handle)
{
    int64_t lowat = drill_settings_number(&drill->settings, DRILL_SETTING_NOTSENT_LOWAT, 0);
    if (lowat > 0 && lowat < INT32_MAX) {
        (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_NOTSENT_LOWAT,
                                        lowat, drill_stack_now(drill));
    }
    // Of all that a script may set anew while other sockets are open this is a socket's own.
    struct drill_settings settings = drill->settings;
    struct synfin_stack_config config;
    drill_settings_refresh(&settings);
    synfin_stack_config_default(&config);
    drill_settings_config_fill(&settings, &config);
    (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_ECN, config.ecn,
                                    drill_stack_now(drill));
}

static int open_socket(struct drill *drill, int domain, int type)
{
    synfin_socket socket;
    if (!drill_stack_prepare(drill)) {
        return -1;
    }
    enum synfin_error error = synfin_socket_open(drill->stack, &socket);
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error);
    }
    struct drill_handle *handle = drill_handle_open(drill, DRILL_SOCKET);
    if (handle == NULL) {
        synfin_socket_close(drill->stack, socket, drill_stack_now(drill));
        return -1;
    }
    handle->family = domain;
    handle->socket = socket;
    handle->is_nonblocking = (type & SOCK_NONBLOCK) != 0;
    drill->sockets++;
    (void)!synfin_socket_set_user(drill->stack, socket, handle);
    apply_settings(drill, handle);
    return handle->fd;
}

int packetdrill_socket(void *userdata, int domain, int type, int protocol)
{
    struct drill *drill = drill_call_enter(userdata);
    int result;
    if (domain != AF_INET && domain != AF_INET6) {
        result = drill_errno_fail(EAFNOSUPPORT);
    } else if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM) {
        result = drill_errno_fail(ESOCKTNOSUPPORT);
    } else if (protocol != 0 && protocol != IPPROTO_TCP) {
        result = drill_errno_fail(EPROTONOSUPPORT);
    } else {
        result = open_socket(drill, domain, type);
    }
    return drill_call_leave(drill, result);
}

static int bind_socket(struct drill *drill, const struct drill_handle *handle,
                       const struct sockaddr *addr, socklen_t bytes)
{
    struct synfin_endpoint local;
    if (!drill_addr_read(handle, addr, bytes, &local)) {
        return -1;
    }
    enum synfin_error error = synfin_socket_bind(drill->stack, handle->socket, &local);
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

int packetdrill_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    return drill_call_leave(drill, handle != NULL ? bind_socket(drill, handle, addr, bytes) : -1);
}

static int listen_socket(struct drill *drill, struct drill_handle *handle, int backlog)
{
    // The stack means a default by 0, the system call the least that there is.
    uint32_t most = backlog < 1 ? 1 : (uint32_t)backlog;
    drill_fastopen_listen(drill, handle, most);
    enum synfin_error error =
        synfin_socket_listen(drill->stack, handle->socket, most, drill_stack_now(drill));
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error == SYNFIN_ERROR_CONNECTED ? SYNFIN_ERROR_INVALID : error);
    }
    handle->is_listener = true;
    return 0;
}

int packetdrill_listen(void *userdata, int fd, int backlog)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    return drill_call_leave(drill, handle != NULL ? listen_socket(drill, handle, backlog) : -1);
}

static int adopt(struct drill *drill, const struct drill_handle *listener, synfin_socket socket,
                 const struct synfin_endpoint *peer, struct sockaddr *addr, socklen_t *bytes)
{
    struct drill_handle *handle = drill_handle_open(drill, DRILL_SOCKET);
    if (handle == NULL) {
        synfin_socket_close(drill->stack, socket, drill_stack_now(drill));
        return -1;
    }
    handle->family = listener->family;
    handle->socket = socket;
    handle->is_connected = true;
    drill_keep_inherit(handle, listener);
    drill->sockets++;
    (void)!synfin_socket_set_user(drill->stack, socket, handle);
    drill_addr_write(handle, peer, addr, bytes);
    return handle->fd;
}

static int accept_socket(struct drill *drill, struct drill_handle *listener, struct sockaddr *addr,
                         socklen_t *bytes)
{
    synfin_socket socket;
    struct synfin_endpoint peer;
    enum synfin_error error;
    do {
        error = synfin_socket_accept(drill->stack, listener->socket, &socket, &peer);
    } while (error == SYNFIN_ERROR_AGAIN && drill_call_may_wait(listener, 0)
             && drill_clock_wait(drill, UINT64_MAX));
    if (error != SYNFIN_ERROR_OK) {
        listener->is_acceptable = false;
        return drill_errno_set(error);
    }
    return adopt(drill, listener, socket, &peer, addr, bytes);
}

int packetdrill_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    int result = handle != NULL ? accept_socket(drill, handle, addr, bytes) : -1;
    return drill_call_leave(drill, result);
}

int drill_open_await(struct drill *drill, struct drill_handle *handle, int flags)
{
    drill_stack_pump(drill);
    if (!drill_call_may_wait(handle, flags) && !handle->is_connected && !handle->is_ended) {
        return drill_errno_fail(EINPROGRESS);
    }
    while (!handle->is_connected && !handle->is_ended) {
        if (!drill_clock_wait(drill, UINT64_MAX)) {
            return drill_errno_fail(EDEADLK);
        }
    }
    int error = drill_call_take_error(handle);
    return error == 0 ? 0 : drill_errno_fail(error);
}

// TCP_FASTOPEN_CONNECT: where a cookie is known, the SYN waits for the first write.
static int connect_late(struct drill *drill, struct drill_handle *handle,
                        const struct sockaddr *addr, socklen_t bytes)
{
    if (drill_fastopen_connect(drill, handle, addr, bytes) != 0) {
        return -1;
    }
    if (drill_fastopen_room(drill, handle) > 0) {
        return 0;
    }
    drill_fastopen_let_go(drill, handle);
    return drill_open_await(drill, handle, 0);
}

static bool wants_fastopen(const struct drill *drill, const struct drill_handle *handle)
{
    int64_t value;
    enum synfin_error error = synfin_socket_get_option(drill->stack, handle->socket,
                                                       SYNFIN_OPTION_FASTOPEN_CONNECT, &value);
    return error == SYNFIN_ERROR_OK && value != 0 && drill_fastopen_is_on(drill);
}

static int connect_socket(struct drill *drill, struct drill_handle *handle,
                          const struct sockaddr *addr, socklen_t bytes)
{
    struct synfin_endpoint remote;
    if (!drill_addr_read(handle, addr, bytes, &remote)) {
        return -1;
    }
    if (handle->is_connecting && handle->is_nonblocking && handle->error != 0) {
        return drill_errno_fail(drill_call_take_error(handle));
    }
    if (handle->is_deferred) {
        return drill_errno_fail(EISCONN);
    }
    if (!handle->is_connecting && wants_fastopen(drill, handle)) {
        return connect_late(drill, handle, addr, bytes);
    }
    enum synfin_error error =
        synfin_socket_connect(drill->stack, handle->socket, &remote, drill_stack_now(drill));
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error);
    }
    handle->is_connecting = true;
    return drill_open_await(drill, handle, 0);
}

int packetdrill_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    int result = handle != NULL ? connect_socket(drill, handle, addr, bytes) : -1;
    return drill_call_leave(drill, result);
}

// Something of ours is not acknowledged yet, its FIN at least.
static bool is_leaving(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    return error == SYNFIN_ERROR_OK
           && (info.state == SYNFIN_TCP_STATE_FIN_WAIT_1 || info.state == SYNFIN_TCP_STATE_CLOSING
               || info.state == SYNFIN_TCP_STATE_LAST_ACK);
}

// SO_LINGER with a time: until what is queued is acknowledged. What was not read is a reason for a
// reset, which waits for nothing.
static void linger(struct drill *drill, const struct drill_handle *handle)
{
    int64_t unread = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_READ_QUEUE,
                                    &unread);
    if (handle->linger_s <= 0 || !handle->is_connected || handle->is_ended || unread > 0) {
        return;
    }
    (void)!synfin_socket_shutdown(drill->stack, handle->socket, SYNFIN_SHUTDOWN_WRITE,
                                  drill_stack_now(drill));
    drill_stack_pump(drill);
    uint64_t until_us = drill->now_us + (uint64_t)handle->linger_s * US_PER_S;
    while (is_leaving(drill, handle) && drill_clock_wait(drill, until_us)) {
    }
}

int packetdrill_close(void *userdata, int fd)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_find(drill, fd);
    if (handle != NULL && handle->kind == DRILL_SOCKET) {
        linger(drill, handle);
    }
    if (handle != NULL) {
        drill_handle_close(drill, handle);
    }
    return drill_call_leave(drill, handle != NULL ? 0 : -1);
}

static int shut_down(struct drill *drill, struct drill_handle *handle, int how)
{
    static const enum synfin_shutdown HOW[] = {
        [SHUT_RD] = SYNFIN_SHUTDOWN_READ,
        [SHUT_WR] = SYNFIN_SHUTDOWN_WRITE,
        [SHUT_RDWR] = SYNFIN_SHUTDOWN_BOTH,
    };
    if (how < 0 || (size_t)how >= sizeof HOW / sizeof HOW[0]) {
        return drill_errno_fail(EINVAL);
    }
    enum synfin_error error =
        synfin_socket_shutdown(drill->stack, handle->socket, HOW[how], drill_stack_now(drill));
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

int packetdrill_shutdown(void *userdata, int fd, int how)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    return drill_call_leave(drill, handle != NULL ? shut_down(drill, handle, how) : -1);
}
