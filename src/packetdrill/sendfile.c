// SPDX-License-Identifier: MIT
//
// sendfile of the C library, which packetdrill calls whatever drives it otherwise. Loaded by
// LD_PRELOAD this one comes first; it passes other descriptors on to the kernel.
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

__attribute__((visibility("default"))) ssize_t sendfile(int fd_out, int fd_in, off_t *at,
                                                        size_t bytes)
{
    struct drill *owner = drill_handle_owner(fd_out);
    if (owner != NULL) {
        return packetdrill_sendfile(owner, fd_out, fd_in, at, bytes);
    }
    return (ssize_t)syscall(SYS_sendfile, fd_out, fd_in, at, bytes);
}
