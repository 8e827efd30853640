// SPDX-License-Identifier: MIT
//
// The kernel looks: it copies an octet of each end of each piece, or says that it cannot.
#include "packetdrill/drill_memory.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

static bool is_there(uint8_t *octet)
{
    char copy;
    struct iovec to = {.iov_base = &copy, .iov_len = 1};
    struct iovec from = {.iov_base = octet, .iov_len = 1};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
}

bool drill_memory_check(const struct iovec *pieces, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        uint8_t *first = pieces[at].iov_base;
        size_t bytes = pieces[at].iov_len;
        if (bytes > 0 && (!is_there(first) || !is_there(first + bytes - 1))) {
            errno = EFAULT;
            return false;
        }
    }
    return true;
}
