// SPDX-License-Identifier: MIT
//
// Calls that write.
#include <errno.h>
#include <stdlib.h>

#include "packetdrill/drill_fastopen.h"
#include "packetdrill/drill_memory.h"
#include "packetdrill/packetdrill.h"

// MSG_MORE: what is sent with it waits for more, and is not pushed.
static void follow_more(struct drill *drill, struct drill_handle *handle, bool has_more)
{
    if (has_more != handle->more_announced) {
        (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_PUSH, !has_more,
                                        drill_stack_now(drill));
    }
    handle->more_announced = has_more;
}

// A connection that has failed says why once, and is a broken pipe from then on.
static ssize_t fail(struct drill_handle *handle, enum synfin_error error)
{
    int told = drill_call_take_error(handle);
    if (told != 0) {
        return drill_errno_fail(told);
    }
    bool is_over = handle->is_ended || error == SYNFIN_ERROR_NOT_CONNECTED;
    return is_over ? drill_errno_fail(EPIPE) : drill_errno_set(error);
}

// Until the stack tells of room; false when it never will.
static bool await_room(struct drill *drill, const struct drill_handle *handle)
{
    uint32_t before = handle->departures;
    while (handle->departures == before) {
        if (!drill_clock_wait(drill, UINT64_MAX)) {
            return false;
        }
    }
    return true;
}

// One piece; waits for room as often as needed.
static enum synfin_error send_piece(struct drill *drill, const struct drill_handle *handle,
                                    const struct iovec *piece, int flags, size_t *done)
{
    const uint8_t *data = piece->iov_base;
    size_t at = 0;
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (at < piece->iov_len && error == SYNFIN_ERROR_OK) {
        size_t sent;
        error = synfin_socket_send(drill->stack, handle->socket, data + at, piece->iov_len - at,
                                   &sent, drill_stack_now(drill));
        at += sent;
        if (at < piece->iov_len) {
            drill_stack_pump(drill);
        }
        bool is_full = error == SYNFIN_ERROR_AGAIN || error == SYNFIN_ERROR_NO_MEMORY;
        if (is_full && drill_call_may_wait(handle, flags) && await_room(drill, handle)) {
            error = SYNFIN_ERROR_OK;
        }
    }
    *done += at;
    return error;
}

// What is left of a piece when so many octets are gone already.
static struct iovec rest_of(const struct iovec *piece, size_t *skip)
{
    size_t gone = *skip < piece->iov_len ? *skip : piece->iov_len;
    *skip -= gone;
    return (struct iovec){.iov_base = (uint8_t *)piece->iov_base + gone,
                          .iov_len = piece->iov_len - gone};
}

// As much as there is room for; nothing leaves yet.
static size_t queue(struct drill *drill, const struct drill_handle *handle,
                    const struct iovec *piece)
{
    const uint8_t *data = piece->iov_base;
    size_t at = 0;
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (at < piece->iov_len && error == SYNFIN_ERROR_OK) {
        size_t sent;
        error = synfin_socket_send(drill->stack, handle->socket, data + at, piece->iov_len - at,
                                   &sent, drill_stack_now(drill));
        at += sent;
    }
    return at;
}

// A write before the connection is open waits for that; one whose SYN waits for it goes with the
// SYN, as much of it as fits; the rest follows the answer if the call may wait for that. Octets
// that went, or -1 and errno.
static ssize_t send_with_syn(struct drill *drill, struct drill_handle *handle,
                             const struct iovec *pieces, size_t count, int flags)
{
    bool is_first = handle->is_deferred;
    bool is_patient = drill_call_may_wait(handle, flags);
    size_t room = is_first ? is_patient ? SIZE_MAX : drill_fastopen_room(drill, handle) : 0;
    size_t taken = 0;
    for (size_t at = 0; at < count && taken < room; at++) {
        size_t left = room - taken;
        const struct iovec piece = {
            .iov_base = pieces[at].iov_base,
            .iov_len = pieces[at].iov_len < left ? pieces[at].iov_len : left,
        };
        taken += queue(drill, handle, &piece);
    }
    if (is_first) {
        drill_fastopen_let_go(drill, handle);
    }
    if (is_patient) {
        return drill_open_await(drill, handle, flags) == 0 ? (ssize_t)taken : -1;
    }
    return taken > 0 ? (ssize_t)taken : drill_errno_fail(is_first ? EINPROGRESS : EAGAIN);
}

static ssize_t send_pieces(struct drill *drill, struct drill_handle *handle,
                           const struct iovec *pieces, size_t count, int flags)
{
    size_t done = 0;
    enum synfin_error error = SYNFIN_ERROR_OK;
    if (!drill_memory_check(pieces, count)) {
        return -1;
    }
    follow_more(drill, handle, (flags & MSG_MORE) != 0);
    if (handle->is_connecting && !handle->is_connected && !handle->is_ended) {
        ssize_t taken = send_with_syn(drill, handle, pieces, count, flags);
        if (taken < 0 || !drill_call_may_wait(handle, flags)) {
            return taken;
        }
        done = (size_t)taken;
    }
    size_t skip = done;
    for (size_t at = 0; at < count && error == SYNFIN_ERROR_OK; at++) {
        struct iovec piece = rest_of(&pieces[at], &skip);
        error = send_piece(drill, handle, &piece, flags, &done);
    }
    if (done > 0 || error == SYNFIN_ERROR_OK) {
        return (ssize_t)done;
    }
    return error == SYNFIN_ERROR_AGAIN ? drill_errno_set(error) : fail(handle, error);
}

// What to send, and with MSG_FASTOPEN where to connect first.
struct target {
    const struct iovec *pieces;
    size_t count;
    const struct sockaddr *addr;
    socklen_t addr_bytes;
};

static ssize_t send_to(void *userdata, int fd, const struct target *to, int flags)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    ssize_t result = handle != NULL ? 0 : -1;
    if (handle != NULL && (flags & MSG_FASTOPEN) != 0) {
        result = drill_fastopen_connect(drill, handle, to->addr, to->addr_bytes);
    }
    if (result == 0) {
        result = send_pieces(drill, handle, to->pieces, to->count, flags);
    }
    if (result > 0) {
        drill_report_on_sent(drill, handle, flags);
    }
    return drill_call_leave_bytes(drill, result);
}

static ssize_t send_on(void *userdata, int fd, const struct iovec *pieces, size_t count, int flags)
{
    const struct target to = {.pieces = pieces, .count = count};
    return send_to(userdata, fd, &to, flags);
}

// What is only read from has no const in struct iovec.
static struct iovec piece_of(const void *data, size_t bytes)
{
    union {
        const void *from;
        void *to;
    } octets = {.from = data};
    return (struct iovec){.iov_base = octets.to, .iov_len = bytes};
}

ssize_t packetdrill_write(void *userdata, int fd, const void *data, size_t bytes)
{
    struct iovec piece = piece_of(data, bytes);
    return send_on(userdata, fd, &piece, 1, 0);
}

ssize_t packetdrill_writev(void *userdata, int fd, const struct iovec *pieces, int count)
{
    if (count < 0) {
        return drill_errno_fail(EINVAL);
    }
    return send_on(userdata, fd, pieces, (size_t)count, 0);
}

ssize_t packetdrill_send(void *userdata, int fd, const void *data, size_t bytes, int flags)
{
    struct iovec piece = piece_of(data, bytes);
    return send_on(userdata, fd, &piece, 1, flags);
}

// A connected stream has its peer: the address counts with MSG_FASTOPEN only.
ssize_t packetdrill_sendto(void *userdata, int fd, const void *data, size_t bytes, int flags,
                           const struct sockaddr *addr, socklen_t addr_bytes)
{
    struct iovec piece = piece_of(data, bytes);
    const struct target to = {.pieces = &piece, .count = 1, .addr = addr, .addr_bytes = addr_bytes};
    return send_to(userdata, fd, &to, flags);
}

ssize_t packetdrill_sendmsg(void *userdata, int fd, const struct msghdr *message, int flags)
{
    const struct target to = {.pieces = message->msg_iov,
                              .count = message->msg_iovlen,
                              .addr = message->msg_name,
                              .addr_bytes = message->msg_namelen};
    return send_to(userdata, fd, &to, flags);
}
