// SPDX-License-Identifier: MIT
//
// close of the C library, which packetdrill calls on what a script has left open. Loaded by
// LD_PRELOAD this one comes first; it passes other descriptors on to the kernel.
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/packetdrill.h"

__attribute__((visibility("default"))) int close(int fd)
{
    struct drill *owner = drill_handle_owner(fd);
    return owner != NULL ? packetdrill_close(owner, fd) : (int)syscall(SYS_close, fd);
}
