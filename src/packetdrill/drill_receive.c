// SPDX-License-Identifier: MIT
//
// Calls that read: octets into pieces, and with recvmsg what comes beside them.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill_memory.h"
#include "packetdrill/drill_message.h"
#include "packetdrill/packetdrill.h"

enum { PIECES = 16 };

// Octets that are there, without taking them.
static size_t peek(struct drill *drill, const struct drill_handle *handle, uint8_t *to, size_t room)
{
    struct synfin_span span[PIECES];
    uint32_t count = PIECES;
    size_t done = 0;
    if (synfin_socket_peek(drill->stack, handle->socket, span, &count) != SYNFIN_ERROR_OK) {
        return 0;
    }
    for (uint32_t at = 0; at < count && done < room; at++) {
        size_t bytes = span[at].bytes < room - done ? span[at].bytes : room - done;
        memcpy(to + done, span[at].data, bytes);
        done += bytes;
    }
    return done;
}

// With MSG_TRUNC a TCP throws octets away instead of copying them.
static enum synfin_error take(struct drill *drill, const struct drill_handle *handle,
                              const struct iovec *piece, int flags, size_t *taken)
{
    uint64_t now_ns = drill_stack_now(drill);
    if ((flags & MSG_PEEK) != 0) {
        *taken = peek(drill, handle, piece->iov_base, piece->iov_len);
        return SYNFIN_ERROR_OK;
    }
    if ((flags & MSG_TRUNC) == 0) {
        return synfin_socket_recv(drill->stack, handle->socket, piece->iov_base, piece->iov_len,
                                  taken, now_ns);
    }
    int64_t queued = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_READ_QUEUE,
                                    &queued);
    *taken = (size_t)queued < piece->iov_len ? (size_t)queued : piece->iov_len;
    return synfin_socket_consume(drill->stack, handle->socket, *taken, now_ns);
}

static size_t take_into(struct drill *drill, const struct drill_handle *handle,
                        const struct iovec *pieces, size_t count, int flags)
{
    size_t done = 0;
    for (size_t at = 0; at < count; at++) {
        size_t taken = 0;
        enum synfin_error error = take(drill, handle, &pieces[at], flags, &taken);
        done += taken;
        if (error != SYNFIN_ERROR_OK || taken < pieces[at].iov_len || (flags & MSG_PEEK) != 0) {
            break;
        }
    }
    return done;
}

static size_t room_of(const struct iovec *pieces, size_t count)
{
    size_t room = 0;
    for (size_t at = 0; at < count; at++) {
        room += pieces[at].iov_len;
    }
    return room;
}

// Whether a read would give something now: octets, the end, or an error.
static enum synfin_error look(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_span span;
    uint32_t count = 1;
    return synfin_socket_peek(drill->stack, handle->socket, &span, &count);
}

// An error is told once; after it there is only the end.
static ssize_t end_of(struct drill_handle *handle, enum synfin_error error)
{
    int told = drill_call_take_error(handle);
    if (told != 0) {
        return drill_errno_fail(told);
    }
    bool is_over = handle->is_ended && error != SYNFIN_ERROR_NOT_CONNECTED;
    return is_over || error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

ssize_t drill_receive(struct drill *drill, struct drill_handle *handle, const struct iovec *pieces,
                      size_t count, int flags)
{
    size_t room = room_of(pieces, count);
    size_t done = 0;
    if (handle->is_listener) {
        return drill_errno_fail(ENOTCONN);
    }
    if ((flags & MSG_TRUNC) == 0 && !drill_memory_check(pieces, count)) {
        return -1;
    }
    for (;;) {
        enum synfin_error error = look(drill, handle);
        if (error == SYNFIN_ERROR_OK) {
            size_t taken = done == 0 ? take_into(drill, handle, pieces, count, flags) : 0;
            done += taken;
            return done > 0 || room == 0 ? (ssize_t)done : end_of(handle, error);
        }
        if (error != SYNFIN_ERROR_AGAIN) {
            return end_of(handle, error);
        }
        if (!drill_call_may_wait(handle, flags) || !drill_clock_wait(drill, UINT64_MAX)) {
            return drill_errno_fail(EAGAIN);
        }
    }
}

static ssize_t receive(void *userdata, int fd, const struct iovec *pieces, size_t count, int flags)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    ssize_t result = handle != NULL ? drill_receive(drill, handle, pieces, count, flags) : -1;
    return drill_call_leave_bytes(drill, result);
}

ssize_t packetdrill_read(void *userdata, int fd, void *data, size_t bytes)
{
    struct iovec piece = {.iov_base = data, .iov_len = bytes};
    return receive(userdata, fd, &piece, 1, 0);
}

ssize_t packetdrill_readv(void *userdata, int fd, const struct iovec *pieces, int count)
{
    if (count < 0) {
        return drill_errno_fail(EINVAL);
    }
    return receive(userdata, fd, pieces, (size_t)count, 0);
}

ssize_t packetdrill_recv(void *userdata, int fd, void *data, size_t bytes, int flags)
{
    struct iovec piece = {.iov_base = data, .iov_len = bytes};
    return receive(userdata, fd, &piece, 1, flags);
}

// A stream's peer is known: no address is told.
ssize_t packetdrill_recvfrom(void *userdata, int fd, void *data, size_t bytes, int flags,
                             struct sockaddr *addr, socklen_t *addr_bytes)
{
    (void)addr;
    if (addr_bytes != NULL) {
        *addr_bytes = 0;
    }
    return packetdrill_recv(userdata, fd, data, bytes, flags);
}

static ssize_t receive_message(struct drill *drill, struct drill_handle *handle,
                               struct msghdr *message, int flags)
{
    if ((flags & MSG_ERRQUEUE) != 0) {
        return drill_message_take_report(handle, message);
    }
    ssize_t result = drill_receive(drill, handle, message->msg_iov, message->msg_iovlen, flags);
    message->msg_namelen = 0;
    message->msg_flags = 0;
    drill_message_add_queue(drill, handle, message, result);
    return result;
}

ssize_t packetdrill_recvmsg(void *userdata, int fd, struct msghdr *message, int flags)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    ssize_t result = handle != NULL ? receive_message(drill, handle, message, flags) : -1;
    return drill_call_leave_bytes(drill, result);
}
