// SPDX-License-Identifier: MIT
//
// sendfile of the C library, which packetdrill calls whatever drives it otherwise. Loaded by
// LD_PRELOAD this one comes first; it passes other descriptors on to the kernel.
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

__attribute__((visibility("default"))) ssize_t sendfile(int out_fd, int in_fd, off_t *offset,
                                                        size_t count)
{
    struct drill *owner = drill_handle_owner(out_fd);
    if (owner != NULL) {
        return packetdrill_sendfile(owner, out_fd, in_fd, offset, count);
    }
    return (ssize_t)syscall(SYS_sendfile, out_fd, in_fd, offset, count);
}
