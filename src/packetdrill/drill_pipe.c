// SPDX-License-Identifier: MIT
//
// Pipes are the system's own; splice moves octets between one and a socket, through a copy here.
// Nothing is lost on the way: what the other end does not take stays where it was.
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

enum { SPLICE_BYTES = 65536 };

int packetdrill_pipe(void *userdata, int fds[2])
{
    (void)userdata;
    return pipe(fds);
}

static size_t at_most(size_t bytes)
{
    return bytes < SPLICE_BYTES ? bytes : SPLICE_BYTES;
}

// The last urgent octet is not the stream's, as Linux has it: what comes before it is spliced, and
// then nothing, which is the caller's to deal with.
static size_t before_urgent(struct drill *drill, const struct drill_handle *handle, size_t bytes)
{
    int64_t left = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_URGENT_LEFT, &left);
    return left > 0 && (size_t)left <= bytes ? (size_t)left - 1 : bytes;
}

// As many as there is room for.
static ssize_t write_now(int fd, const void *octets, size_t bytes)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return -1;
    }
    ssize_t written = write(fd, octets, bytes);
    int error = errno;
    (void)fcntl(fd, F_SETFL, flags);
    errno = error;
    return written;
}

static ssize_t from_socket(struct drill *drill, struct drill_handle *handle, int fd_out,
                           size_t bytes, unsigned int flags)
{
    static _Thread_local char octets[SPLICE_BYTES];
    struct iovec piece = {.iov_base = octets, .iov_len = at_most(bytes)};
    int wait = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
    ssize_t got = drill_receive(drill, handle, &piece, 1, MSG_PEEK | wait);
    if (got <= 0) {
        return got;
    }
    size_t plain = before_urgent(drill, handle, (size_t)got);
    ssize_t written = plain > 0 ? write_now(fd_out, octets, plain) : 0;
    if (written > 0) {
        (void)!synfin_socket_consume(drill->stack, handle->socket, (size_t)written,
                                     drill_stack_now(drill));
    }
    return written;
}

// A copy of what the pipe holds, which stays in it.
static ssize_t peek_pipe(int fd, void *octets, size_t bytes)
{
    int copy[2];
    if (pipe2(copy, O_CLOEXEC) != 0) {
        return -1;
    }
    // Nobody fills a pipe while this call waits: it does not.
    ssize_t got = tee(fd, copy[1], bytes, SPLICE_F_NONBLOCK);
    got = got > 0 ? read(copy[0], octets, (size_t)got) : got;
    int error = errno;
    (void)syscall(SYS_close, copy[0]);
    (void)syscall(SYS_close, copy[1]);
    errno = error;
    return got;
}

static ssize_t to_socket(struct drill *drill, struct drill_handle *handle, int fd_in, size_t bytes,
                         unsigned int flags)
{
    static _Thread_local char octets[SPLICE_BYTES];
    ssize_t got = peek_pipe(fd_in, octets, at_most(bytes));
    if (got <= 0) {
        return got;
    }
    struct iovec piece = {.iov_base = octets, .iov_len = (size_t)got};
    int wait = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
    int more = (flags & SPLICE_F_MORE) != 0 ? MSG_MORE : 0;
    ssize_t sent = drill_send(drill, handle, &piece, 1, wait | more);
    return sent > 0 ? read(fd_in, octets, (size_t)sent) : sent;
}

static ssize_t splice_octets(struct drill *drill, int fd_in, int fd_out, size_t bytes,
                             unsigned int flags)
{
    struct drill_handle *from = drill_handle_socket(drill, fd_in);
    struct drill_handle *to = drill_handle_socket(drill, fd_out);
    if ((from == NULL) == (to == NULL)) {
        return drill_errno_fail(EINVAL); // one of them is a pipe
    } else if (bytes == 0) {
        return 0;
    }
    return from != NULL ? from_socket(drill, from, fd_out, bytes, flags)
                        : to_socket(drill, to, fd_in, bytes, flags);
}

// Neither pipes nor sockets have offsets, and packetdrill passes some all the same.
int packetdrill_splice(void *userdata, int fd_in, loff_t *at_in, int fd_out, loff_t *at_out,
                       size_t bytes, unsigned int flags)
{
    struct drill *drill = drill_call_enter(userdata);
    (void)at_in;
    (void)at_out;
    return (int)drill_call_leave_bytes(drill, splice_octets(drill, fd_in, fd_out, bytes, flags));
}
