// SPDX-License-Identifier: MIT
//
// Readiness, as poll(2) and epoll(7) tell it of a TCP socket.
#include <poll.h>

#include "packetdrill/drill_urgent.h"
#include "packetdrill/packetdrill.h"

static int64_t option_of(struct drill *drill, const struct drill_handle *handle,
                         enum synfin_option option)
{
    int64_t value = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, option, &value);
    return value;
}

// As much as SO_RCVLOWAT asks for, and half of the buffer in any case.
static bool has_enough(struct drill *drill, const struct drill_handle *handle)
{
    int64_t held = option_of(drill, handle, SYNFIN_OPTION_READ_QUEUE);
    int64_t lowat = option_of(drill, handle, SYNFIN_OPTION_RECEIVE_LOWAT);
    held -= drill_urgent_is_next(drill, handle);
    return held >= lowat || held >= option_of(drill, handle, SYNFIN_OPTION_RECEIVE_BUFFER) / 2;
}

static uint32_t readable(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_span span;
    uint32_t count = 1;
    enum synfin_error error = synfin_socket_peek(drill->stack, handle->socket, &span, &count);
    if (error == SYNFIN_ERROR_AGAIN || error == SYNFIN_ERROR_NOT_CONNECTED) {
        return 0;
    }
    bool is_end = error == SYNFIN_ERROR_OK && count == 0;
    uint32_t urgent = drill_urgent_is_there(drill, handle) ? POLLPRI : 0u;
    if (error == SYNFIN_ERROR_OK && count > 0 && !has_enough(drill, handle)) {
        return urgent;
    }
    return urgent | POLLIN | POLLRDNORM | (is_end ? POLLRDHUP : 0u);
}

// The peer's FIN has come, whatever there is to read before it.
static uint32_t ended(const struct synfin_tcp_info *info)
{
    bool has_fin = info->state == SYNFIN_TCP_STATE_CLOSE_WAIT
                   || info->state == SYNFIN_TCP_STATE_CLOSING
                   || info->state == SYNFIN_TCP_STATE_LAST_ACK;
    return has_fin ? POLLIN | POLLRDNORM | POLLRDHUP : 0u;
}

// Room to write is told once a third of the buffer is free, and half of what may be unsent.
static bool has_room(const struct synfin_tcp_info *info, int64_t queued, int64_t lowat)
{
    int64_t room = (int64_t)info->snd_buffer_bytes_left - queued;
    return room > 0 && room >= queued / 2 && (lowat == 0 || info->unsent_bytes < lowat);
}

static uint32_t ended_or_writable(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    if (synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill))
        != SYNFIN_ERROR_OK) {
        return 0;
    }
    int64_t queued = option_of(drill, handle, SYNFIN_OPTION_SEND_QUEUE);
    int64_t lowat = option_of(drill, handle, SYNFIN_OPTION_NOTSENT_LOWAT);
    return ended(&info) | (has_room(&info, queued, lowat) ? POLLOUT | POLLWRNORM : 0u);
}

uint32_t drill_ready_mask(struct drill *drill, struct drill_handle *handle)
{
    if (handle->kind == DRILL_EPOLL) {
        return drill_epoll_is_ready(drill, handle) ? POLLIN | POLLRDNORM : 0u;
    }
    if (handle->is_listener) {
        return handle->is_acceptable ? POLLIN | POLLRDNORM : 0u;
    }
    bool has_error = handle->error != 0 || handle->reports.oldest != NULL;
    uint32_t mask = has_error ? POLLERR : 0u;
    if (handle->is_ended) {
        return mask | POLLIN | POLLRDNORM | POLLRDHUP | POLLOUT | POLLWRNORM | POLLHUP;
    }
    if (handle->is_deferred) {
        return mask | POLLOUT | POLLWRNORM;
    }
    if (!handle->is_connected) {
        return mask | (handle->is_connecting ? 0u : POLLOUT | POLLWRNORM | POLLHUP);
    }
    return mask | readable(drill, handle) | ended_or_writable(drill, handle);
}
