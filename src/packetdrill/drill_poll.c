// SPDX-License-Identifier: MIT
//
// poll in virtual time.
#include <errno.h>

#include "packetdrill/packetdrill.h"

static int look_at_all(struct drill *drill, struct pollfd *fds, nfds_t count)
{
    int ready = 0;
    for (nfds_t at = 0; at < count; at++) {
        fds[at].revents = 0;
        if (fds[at].fd < 0) {
            continue;
        }
        struct drill_handle *handle = drill_handle_find(drill, fds[at].fd);
        uint32_t asked = (uint32_t)(uint16_t)fds[at].events | POLLERR | POLLHUP;
        uint32_t mask = handle != NULL ? drill_ready_mask(drill, handle) & asked : POLLNVAL;
        fds[at].revents = (short)mask;
        ready += mask != 0;
    }
    return ready;
}

int packetdrill_poll(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct drill *drill = drill_call_enter(userdata);
    uint64_t until_us = drill_call_deadline(drill, timeout_ms);
    int ready;
    do {
        ready = look_at_all(drill, fds, count);
    } while (ready == 0 && drill_clock_wait(drill, until_us));
    return drill_call_leave(drill, ready);
}
