// SPDX-License-Identifier: MIT
//
// Control messages of recvmsg.
#include "packetdrill/drill_message.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "packetdrill/drill_keep.h"

// Room that is not filled stays empty; what does not fit is left out and told by MSG_CTRUNC.
static void set_control(struct msghdr *message, int level, int type, const void *data, size_t bytes)
{
    if (message->msg_control == NULL || message->msg_controllen < CMSG_SPACE(bytes)) {
        message->msg_controllen = 0;
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    struct cmsghdr *control = message->msg_control;
    memset(control, 0, CMSG_SPACE(bytes));
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(control), data, bytes);
    message->msg_controllen = CMSG_SPACE(bytes);
}

static bool is_end_next(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    if (synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill))
        != SYNFIN_ERROR_OK) {
        return false;
    }
    // In exactly these states the peer's FIN has been heard.
    return info.state == SYNFIN_TCP_STATE_CLOSE_WAIT || info.state == SYNFIN_TCP_STATE_LAST_ACK
           || info.state == SYNFIN_TCP_STATE_CLOSING || info.state == SYNFIN_TCP_STATE_TIME_WAIT;
}

void drill_message_add_queue(struct drill *drill, const struct drill_handle *handle,
                             struct msghdr *message, ssize_t result)
{
    if (result < 0 || drill_keep_get(handle, SOL_TCP, TCP_INQ, 0) == 0) {
        message->msg_controllen = 0;
        return;
    }
    int64_t queued = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_READ_QUEUE,
                                    &queued);
    int left = (int)queued;
    if (left == 0 && is_end_next(drill, handle)) {
        left = 1;
    }
    set_control(message, SOL_TCP, TCP_CM_INQ, &left, sizeof left);
}

ssize_t drill_message_take_report(struct drill *drill, struct drill_handle *handle,
                                  struct msghdr *message)
{
    (void)drill;
    (void)handle;
    message->msg_controllen = 0;
    return drill_errno_fail(EAGAIN);
}
