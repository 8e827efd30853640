// SPDX-License-Identifier: MIT
//
// Pipes are the system's own; splice copies between one and a socket.
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

enum { SPLICE_BYTES = 65536 };

int packetdrill_pipe(void *userdata, int fds[2])
{
    (void)userdata;
    return pipe(fds);
}

static int from_socket(struct drill *drill, struct drill_handle *handle, int fd_out, size_t bytes)
{
    static _Thread_local char octets[SPLICE_BYTES];
    struct iovec piece = {.iov_base = octets,
                          .iov_len = bytes < sizeof octets ? bytes : sizeof octets};
    ssize_t got = drill_receive(drill, handle, &piece, 1, 0);
    return got > 0 ? (int)write(fd_out, octets, (size_t)got) : (int)got;
}

int packetdrill_splice(void *userdata, int fd_in, loff_t *at_in, int fd_out, loff_t *at_out,
                       size_t bytes, unsigned int flags)
{
    struct drill *drill = drill_call_enter(userdata);
    (void)at_in;
    (void)at_out;
    (void)flags;
    struct drill_handle *handle = drill_handle_socket(drill, fd_in);
    return drill_call_leave(drill, handle != NULL ? from_socket(drill, handle, fd_out, bytes) : -1);
}
