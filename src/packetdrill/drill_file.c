// SPDX-License-Identifier: MIT
//
// sendfile: files are the system's own, and what is read of one is sent like anything else.
#include <errno.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

enum { FILE_BYTES = 65536 };

// What is still wanted of a file.
struct part {
    int fd;
    off_t at;
    size_t bytes;
    bool is_end; // nothing more will be sent: it is all, or the file ends, or the socket is full
};

// Octets that the socket took, 0 at the end of the file, or -1 and errno. More pieces follow unless
// this one is the last.
static ssize_t send_part(struct drill *drill, struct drill_handle *handle, struct part *part)
{
    static _Thread_local char octets[FILE_BYTES];
    size_t most = part->bytes < sizeof octets ? part->bytes : sizeof octets;
    ssize_t got = pread(part->fd, octets, most, part->at);
    if (got <= 0) {
        return got;
    }
    struct iovec piece = {.iov_base = octets, .iov_len = (size_t)got};
    part->is_end = (size_t)got < most || (size_t)got == part->bytes;
    ssize_t sent = drill_send(drill, handle, &piece, 1, part->is_end ? 0 : MSG_MORE);
    part->is_end = part->is_end || sent < got;
    return sent;
}

static ssize_t send_file(struct drill *drill, struct drill_handle *handle, int fd_in, off_t *at,
                         size_t bytes)
{
    struct part part = {.fd = fd_in, .at = *at, .bytes = bytes, .is_end = bytes == 0};
    while (!part.is_end) {
        ssize_t sent = send_part(drill, handle, &part);
        if (sent <= 0) {
            return part.at > *at ? (ssize_t)(part.at - *at) : sent;
        }
        part.at += sent;
        part.bytes -= (size_t)sent;
    }
    return (ssize_t)(part.at - *at);
}

// From where the caller says, or from where the file stands, which then moves on.
static ssize_t send_from(struct drill *drill, struct drill_handle *handle, int fd_in, off_t *at,
                         size_t bytes)
{
    off_t begin = at != NULL ? *at : lseek(fd_in, 0, SEEK_CUR);
    if (begin < 0) {
        return at != NULL ? drill_errno_fail(EINVAL) : -1;
    }
    ssize_t sent = send_file(drill, handle, fd_in, &begin, bytes);
    if (sent > 0 && at != NULL) {
        *at = begin + sent;
    } else if (sent > 0) {
        (void)lseek(fd_in, begin + sent, SEEK_SET);
    }
    return sent;
}

ssize_t packetdrill_sendfile(void *userdata, int fd_out, int fd_in, off_t *at, size_t bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd_out);
    ssize_t result = handle != NULL ? send_from(drill, handle, fd_in, at, bytes) : -1;
    return drill_call_leave_bytes(drill, result);
}
