// SPDX-License-Identifier: MIT
//
// getsockopt of the C library, which packetdrill calls for the checks of TCP_INFO that scripts
// write in Python. Loaded by LD_PRELOAD this one comes first; it passes other descriptors on to
// the kernel.
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

// The C library declares it with `restrict`, which changes nothing here.
__attribute__((visibility("default"))) int
getsockopt(int fd, int level, int optname, void *restrict optval, socklen_t *restrict optlen)
{
    struct drill *owner = drill_handle_owner(fd);
    if (owner != NULL) {
        return packetdrill_getsockopt(owner, fd, level, optname, optval, optlen);
    }
    return (int)syscall(SYS_getsockopt, fd, level, optname, optval, optlen);
}
