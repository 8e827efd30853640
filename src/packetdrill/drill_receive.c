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
#include "packetdrill/drill_urgent.h"
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

// A call that reads: where to, and how much it waits for.
struct reading {
    const struct iovec *pieces;
    size_t count, room, target, done;
    int flags;
};

// What follows in the pieces.
static struct iovec rest_of(const struct reading *reading)
{
    size_t skip = reading->done;
    for (size_t at = 0; at < reading->count; at++) {
        const struct iovec *piece = &reading->pieces[at];
        if (skip < piece->iov_len) {
            uint8_t *base = piece->iov_base;
            return (struct iovec){.iov_base = base != NULL ? base + skip : NULL,
                                  .iov_len = piece->iov_len - skip};
        }
        skip -= piece->iov_len;
    }
    return (struct iovec){0};
}

// Without waiting, and no farther than to the urgent octet.
static void take_some(struct drill *drill, const struct drill_handle *handle,
                      struct reading *reading)
{
    size_t taken;
    do {
        struct iovec piece = rest_of(reading);
        size_t ahead = drill_urgent_ahead(drill, handle);
        piece.iov_len = piece.iov_len < ahead ? piece.iov_len : ahead;
        taken = 0;
        (void)take(drill, handle, &piece, reading->flags, &taken);
        reading->done += taken;
    } while (taken > 0 && reading->done < reading->room && (reading->flags & MSG_PEEK) == 0
             && !drill_urgent_is_at_mark(drill, handle));
}

// All that is asked for with MSG_WAITALL, else what SO_RCVLOWAT asks for.
static size_t target_of(struct drill *drill, const struct drill_handle *handle, size_t room,
                        int flags)
{
    int64_t lowat = 1;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_RECEIVE_LOWAT,
                                    &lowat);
    return (flags & MSG_WAITALL) != 0 || room < (size_t)lowat ? room : (size_t)lowat;
}

static ssize_t read_stream(struct drill *drill, struct drill_handle *handle,
                           struct reading *reading)
{
    for (;;) {
        bool is_peeking = (reading->flags & MSG_PEEK) != 0;
        reading->done = is_peeking ? 0 : reading->done;
        size_t before = reading->done;
        if (before == 0 && !is_peeking) {
            drill_urgent_skip(drill, handle);
        }
        enum synfin_error error = look(drill, handle);
        if (error == SYNFIN_ERROR_OK) {
            take_some(drill, handle, reading);
        }
        bool is_over = error == SYNFIN_ERROR_OK ? reading->done == before && reading->room > 0
                                                : error != SYNFIN_ERROR_AGAIN;
        bool is_enough = error == SYNFIN_ERROR_OK && reading->done >= reading->target;
        if (is_over && reading->done == 0) {
            return end_of(handle, error);
        }
        if (is_over || is_enough || (reading->done > 0 && drill_urgent_is_at_mark(drill, handle))) {
            return (ssize_t)reading->done;
        }
        if (!drill_call_may_wait(handle, reading->flags) || !drill_clock_wait(drill, UINT64_MAX)) {
            return reading->done > 0 ? (ssize_t)reading->done : drill_errno_fail(EAGAIN);
        }
    }
}

ssize_t drill_receive(struct drill *drill, struct drill_handle *handle, const struct iovec *pieces,
                      size_t count, int flags)
{
    size_t room = room_of(pieces, count);
    struct reading reading = {.pieces = pieces,
                              .count = count,
                              .room = room,
                              .target = target_of(drill, handle, room, flags),
                              .flags = flags};
    if (handle->is_listener) {
        return drill_errno_fail(ENOTCONN);
    }
    if ((flags & MSG_ERRQUEUE) != 0) {
        return drill_errno_fail(EAGAIN); // what there is has no octets
    }
    if ((flags & MSG_OOB) != 0) {
        return drill_urgent_receive(drill, handle, pieces, count, flags);
    }
    if ((flags & MSG_TRUNC) == 0 && !drill_memory_check(pieces, count)) {
        return -1;
    }
    return read_stream(drill, handle, &reading);
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
    message->msg_flags = result >= 0 ? flags & MSG_OOB : 0;
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
