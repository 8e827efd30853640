// SPDX-License-Identifier: MIT
//
// Handles by descriptor.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "packetdrill/drill.h"
#include "packetdrill/packetdrill.h"

// What stands in for functions of the C library gets no argument that could name a drill.
static struct drill *published;

void drill_handle_publish(struct drill *drill)
{
    published = drill;
}

struct drill_handle *drill_handle_find(struct drill *drill, int fd)
{
    if (fd < 0 || fd >= DRILL_HANDLES || drill->handles[fd].kind == DRILL_FREE) {
        errno = EBADF;
        return NULL;
    }
    return &drill->handles[fd];
}

struct drill_handle *drill_handle_socket(struct drill *drill, int fd)
{
    struct drill_handle *handle = drill_handle_find(drill, fd);
    if (handle != NULL && handle->kind != DRILL_SOCKET) {
        errno = ENOTSOCK;
        return NULL;
    }
    return handle;
}

struct drill_handle *drill_handle_open(struct drill *drill, enum drill_kind kind)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    if (fd >= DRILL_HANDLES) {
        (void)syscall(SYS_close, fd);
        errno = EMFILE;
        return NULL;
    }
    struct drill_handle *handle = &drill->handles[fd];
    memset(handle, 0, sizeof *handle);
    handle->kind = kind;
    handle->fd = fd;
    return handle;
}

void drill_handle_close(struct drill *drill, struct drill_handle *handle)
{
    if (handle->kind == DRILL_SOCKET && handle->socket != 0) {
        synfin_socket_close(drill->stack, handle->socket, drill_stack_now(drill));
        drill->sockets--;
    }
    drill_epoll_forget(drill, handle);
    drill_report_forget(drill, handle);
    handle->kind = DRILL_FREE;
    (void)syscall(SYS_close, handle->fd);
}

// Read without the lock: the table is the process's, and a descriptor is closed by one thread.
struct drill *drill_handle_owner(int fd)
{
    bool is_ours = published != NULL && fd >= 0 && fd < DRILL_HANDLES
                   && published->handles[fd].kind != DRILL_FREE;
    return is_ours ? published : NULL;
}
