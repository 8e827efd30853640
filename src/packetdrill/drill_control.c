// SPDX-License-Identifier: MIT
//
// fcntl and ioctl: whether calls wait, and how much is queued.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "packetdrill/drill_keep.h"
#include "packetdrill/drill_memory.h"
#include "packetdrill/drill_urgent.h"
#include "packetdrill/packetdrill.h"

static int control_flags(struct drill_handle *handle, int command, int flags)
{
    switch (command) {
    case F_GETFL: return O_RDWR | (handle->is_nonblocking ? O_NONBLOCK : 0);
    case F_SETFL: handle->is_nonblocking = (flags & O_NONBLOCK) != 0; return 0;
    case F_GETFD: return FD_CLOEXEC;
    case F_SETFD:
    case F_SETOWN: return 0;
    default: return drill_errno_fail(EINVAL);
    }
}

int packetdrill_fcntl(void *userdata, int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    int flags = command == F_SETFL || command == F_SETFD ? va_arg(arguments, int) : 0;
    va_end(arguments);
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_find(drill, fd);
    int result = handle != NULL ? control_flags(handle, command, flags) : -1;
    return drill_call_leave(drill, result);
}

// One figure of the stack's, less what it counts and Linux does not.
static int tell(struct drill *drill, const struct drill_handle *handle, enum synfin_option option,
                int *value)
{
    int64_t figure;
    enum synfin_error error =
        synfin_socket_get_option(drill->stack, handle->socket, option, &figure);
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error);
    }
    *value = (int)figure;
    return 0;
}

static int tell_unsent(struct drill *drill, const struct drill_handle *handle, int *value)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    *value = (int)info.unsent_bytes;
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

// Up to the urgent octet, where that is not in line.
static int tell_readable(struct drill *drill, const struct drill_handle *handle, int *value)
{
    int result = tell(drill, handle, SYNFIN_OPTION_READ_QUEUE, value);
    bool is_in_line = drill_keep_get(handle, SOL_SOCKET, SO_OOBINLINE, 0) != 0;
    if (result == 0 && !is_in_line) {
        size_t ahead = drill_urgent_ahead(drill, handle);
        bool is_at_mark = drill_urgent_is_at_mark(drill, handle);
        int most = is_at_mark ? 0 : ahead < INT_MAX ? (int)ahead : INT_MAX;
        *value = *value < most ? *value : most;
    }
    return result;
}

static int control(struct drill *drill, struct drill_handle *handle, unsigned long request,
                   int *value)
{
    if (request == FIONBIO) {
        handle->is_nonblocking = *value != 0;
        return 0;
    }
    if (handle->kind != DRILL_SOCKET) {
        return drill_errno_fail(ENOTTY);
    }
    switch (request) {
    case SIOCINQ:
        if (handle->is_listener) {
            return drill_errno_fail(EINVAL);
        }
        return tell_readable(drill, handle, value);
    case SIOCOUTQ: return tell(drill, handle, SYNFIN_OPTION_SEND_QUEUE, value);
    case SIOCOUTQNSD: return tell_unsent(drill, handle, value);
    case SIOCATMARK: *value = drill_urgent_is_at_mark(drill, handle); return 0;
    default: return drill_errno_fail(ENOTTY);
    }
}

int packetdrill_ioctl(void *userdata, int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    int *value = va_arg(arguments, int *);
    va_end(arguments);
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_find(drill, fd);
    // A script may leave the third argument out.
    const struct iovec place = {.iov_base = value, .iov_len = sizeof *value};
    int result = -1;
    if (handle != NULL && drill_memory_check(&place, 1)) {
        result = control(drill, handle, request, value);
    }
    return drill_call_leave(drill, result);
}
