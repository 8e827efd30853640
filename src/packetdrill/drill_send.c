// SPDX-License-Identifier: MIT
//
// Calls that write.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill_fastopen.h"
#include "packetdrill/drill_memory.h"
#include "packetdrill/drill_urgent.h"
#include "packetdrill/packetdrill.h"

enum { ZEROCOPY_PIECES = 17 };

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

// Octets in one piece, and what a call's flags mean for them.
struct load {
    const uint8_t *data;
    size_t bytes, done;
    int flags;
    bool is_record; // no segment goes beyond their end
};

// As many as there is room for at once.
static enum synfin_error queue_some(struct drill *drill, const struct drill_handle *handle,
                                    struct load *load)
{
    size_t sent;
    enum synfin_error error =
        synfin_socket_send(drill->stack, handle->socket, load->data + load->done,
                           load->bytes - load->done, &sent, drill_stack_now(drill));
    load->done += sent;
    if ((load->flags & MSG_OOB) != 0 && sent > 0) {
        drill_urgent_mark(drill, handle);
    }
    if (load->is_record && load->done == load->bytes) {
        (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_RECORD_END, 1,
                                        drill_stack_now(drill));
    }
    return error;
}

// All of them, waiting for room as often as needed.
static enum synfin_error send_load(struct drill *drill, const struct drill_handle *handle,
                                   struct load *load)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (load->done < load->bytes && error == SYNFIN_ERROR_OK) {
        error = queue_some(drill, handle, load);
        if (load->done < load->bytes) {
            drill_stack_pump(drill);
        }
        bool is_full = error == SYNFIN_ERROR_AGAIN || error == SYNFIN_ERROR_NO_MEMORY;
        if (is_full && drill_call_may_wait(handle, load->flags) && await_room(drill, handle)) {
            error = SYNFIN_ERROR_OK;
        }
    }
    return error;
}

// Before the connection is open: as much as fits goes with a SYN that waits for it, and if the call
// may wait until the connection is open, the rest follows the answer. 0, or -1 and errno.
static int send_with_syn(struct drill *drill, struct drill_handle *handle, struct load *load)
{
    bool is_first = handle->is_deferred;
    bool is_patient = drill_call_may_wait(handle, load->flags);
    size_t room = is_first ? is_patient ? SIZE_MAX : drill_fastopen_room(drill, handle) : 0;
    struct load first = *load;
    enum synfin_error error = SYNFIN_ERROR_OK;
    first.bytes = first.bytes < room ? first.bytes : room;
    first.is_record = load->is_record && first.bytes == load->bytes;
    while (first.done < first.bytes && error == SYNFIN_ERROR_OK) {
        error = queue_some(drill, handle, &first);
    }
    load->done = first.done;
    if (is_first) {
        drill_fastopen_let_go(drill, handle);
    }
    if (is_patient) {
        return drill_open_await(drill, handle, load->flags);
    }
    return load->done > 0 ? 0 : drill_errno_fail(is_first ? EINPROGRESS : EAGAIN);
}

// Octets that were taken, or -1 and errno.
static ssize_t send_octets(struct drill *drill, struct drill_handle *handle, struct load *load)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    bool is_opening = handle->is_connecting && !handle->is_connected && !handle->is_ended;
    follow_more(drill, handle, (load->flags & MSG_MORE) != 0);
    if (is_opening && send_with_syn(drill, handle, load) != 0) {
        return -1;
    }
    if (!is_opening || drill_call_may_wait(handle, load->flags)) {
        error = send_load(drill, handle, load);
    }
    if (load->done > 0 || error == SYNFIN_ERROR_OK) {
        return (ssize_t)load->done;
    }
    return error == SYNFIN_ERROR_AGAIN ? drill_errno_set(error) : fail(handle, error);
}

static size_t sum_of(const struct iovec *pieces, size_t count)
{
    size_t bytes = 0;
    for (size_t at = 0; at < count; at++) {
        bytes += pieces[at].iov_len;
    }
    return bytes;
}

// Pieces are sent as if they were one.
static ssize_t send_joined(struct drill *drill, struct drill_handle *handle,
                           const struct iovec *pieces, size_t count, int flags)
{
    size_t bytes = sum_of(pieces, count);
    uint8_t *joined = malloc(bytes > 0 ? bytes : 1);
    if (joined == NULL) {
        return drill_errno_fail(ENOBUFS);
    }
    for (size_t at = 0, done = 0; at < count; done += pieces[at].iov_len, at++) {
        memcpy(joined + done, pieces[at].iov_base, pieces[at].iov_len);
    }
    struct load load = {
        .data = joined, .bytes = bytes, .flags = flags, .is_record = (flags & MSG_EOR) != 0};
    ssize_t result = send_octets(drill, handle, &load);
    free(joined);
    return result;
}

// Without copying, a packet of Linux's is made of so many pieces at most.
static size_t pieces_per_packet(const struct drill *drill, const struct drill_handle *handle,
                                int flags)
{
    bool is_linux = drill->settings.profile == DRILL_PROFILE_LINUX;
    return is_linux && drill_report_is_zerocopy(handle, flags) ? ZEROCOPY_PIECES : SIZE_MAX;
}

static ssize_t send_pieces(struct drill *drill, struct drill_handle *handle,
                           const struct iovec *pieces, size_t count, int flags)
{
    size_t most = pieces_per_packet(drill, handle, flags);
    size_t at = 0;
    ssize_t done = 0;
    if (!drill_memory_check(pieces, count)) {
        return -1;
    }
    do {
        size_t some = count - at < most ? count - at : most;
        bool is_last = at + some == count;
        ssize_t sent =
            send_joined(drill, handle, pieces + at, some, is_last ? flags : flags | MSG_EOR);
        if (sent < 0) {
            return done > 0 ? done : sent;
        }
        done += sent;
        at = (size_t)sent == sum_of(pieces + at, some) ? at + some : count;
    } while (at < count);
    return done;
}

ssize_t drill_send(struct drill *drill, struct drill_handle *handle, const struct iovec *pieces,
                   size_t count, int flags)
{
    ssize_t result = send_pieces(drill, handle, pieces, count, flags);
    if (result > 0) {
        drill_report_on_sent(drill, handle, flags);
    }
    return result;
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
        result = drill_send(drill, handle, to->pieces, to->count, flags);
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
