// SPDX-License-Identifier: MIT
//
// What every call begins and ends with.
#include <errno.h>

#include "packetdrill/packetdrill.h"

enum { US_PER_MS = 1000 };

struct drill *drill_call_enter(void *userdata)
{
    struct drill *drill = userdata;
    (void)pthread_mutex_lock(&drill->lock);
    return drill;
}

ssize_t drill_call_leave_bytes(struct drill *drill, ssize_t result)
{
    int error = errno;
    drill_stack_pump(drill);
    drill_clock_settle(drill);
    (void)pthread_mutex_unlock(&drill->lock);
    errno = error;
    return result;
}

int drill_call_leave(struct drill *drill, int result)
{
    return (int)drill_call_leave_bytes(drill, result);
}

uint64_t drill_call_deadline(const struct drill *drill, int timeout_ms)
{
    return timeout_ms < 0 ? UINT64_MAX : drill->now_us + (uint64_t)timeout_ms * US_PER_MS;
}

int drill_call_take_error(struct drill_handle *handle)
{
    int error = handle->error;
    handle->error = 0;
    return error;
}

bool drill_call_may_wait(const struct drill_handle *handle, int flags)
{
    return !handle->is_nonblocking && (flags & MSG_DONTWAIT) == 0;
}
