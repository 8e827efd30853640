// SPDX-License-Identifier: MIT
//
// Control messages of recvmsg.
#include "packetdrill/drill_message.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <time.h>

#include "packetdrill/drill_keep.h"

enum { US_PER_S = 1000000, NS_PER_US = 1000 };

// As Linux lays it out: in software, and twice in hardware, of which there is none.
struct timestamps {
    struct timespec at[3];
};

// What an error is about, and the address of who has told it: nobody but this end.
struct error_and_teller {
    struct sock_extended_err error;
    union {
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
    } teller;
};

// Puts control messages one behind the other into what room there is.
struct controls {
    struct msghdr *message;
    size_t room, used;
};

static struct controls begin_controls(struct msghdr *message)
{
    struct controls controls = {
        .message = message,
        .room = message->msg_control != NULL ? message->msg_controllen : 0,
    };
    message->msg_controllen = 0;
    return controls;
}

// What does not fit is left out, and told by MSG_CTRUNC.
static void add_control(struct controls *controls, int level, int type, const void *data,
                        size_t bytes)
{
    if (controls->room - controls->used < CMSG_SPACE(bytes)) {
        controls->message->msg_flags |= MSG_CTRUNC;
        return;
    }
    uint8_t *place = (uint8_t *)controls->message->msg_control + controls->used;
    const struct cmsghdr header = {
        .cmsg_level = level,
        .cmsg_type = type,
        .cmsg_len = CMSG_LEN(bytes),
    };
    memset(place, 0, CMSG_SPACE(bytes));
    memcpy(place, &header, sizeof header);
    memcpy(place + CMSG_LEN(0), data, bytes);
    controls->used += CMSG_SPACE(bytes);
    controls->message->msg_controllen = controls->used;
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
    struct controls controls = begin_controls(message);
    if (result < 0 || drill_keep_get(handle, SOL_TCP, TCP_INQ, 0) == 0) {
        return;
    }
    int64_t queued = 0;
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_READ_QUEUE,
                                    &queued);
    int left = (int)queued;
    if (left == 0 && is_end_next(drill, handle)) {
        left = 1;
    }
    add_control(&controls, SOL_TCP, TCP_CM_INQ, &left, sizeof left);
}

static void add_time(struct controls *controls, uint64_t at_us)
{
    const struct timestamps times = {
        .at[0] = {.tv_sec = (time_t)(at_us / US_PER_S),
                  .tv_nsec = (long)(at_us % US_PER_S * NS_PER_US)},
    };
    add_control(controls, SOL_SOCKET, SO_TIMESTAMPING, &times, sizeof times);
}

static void add_error(struct controls *controls, const struct drill_handle *handle,
                      const struct sock_extended_err *error)
{
    const struct error_and_teller told = {.error = *error};
    bool is_ip4 = handle->family == AF_INET;
    size_t bytes = sizeof told.error + (is_ip4 ? sizeof told.teller.ip4 : sizeof told.teller.ip6);
    add_control(controls, is_ip4 ? IPPROTO_IP : IPPROTO_IPV6, is_ip4 ? IP_RECVERR : IPV6_RECVERR,
                &told, bytes);
}

// The octets that a report is about are not held any more: none of them are given.
ssize_t drill_message_take_report(struct drill_handle *handle, struct msghdr *message)
{
    struct drill_report report;
    if (!drill_report_take(handle, &report)) {
        return drill_errno_fail(EAGAIN);
    }
    struct controls controls = begin_controls(message);
    message->msg_namelen = 0;
    message->msg_flags = MSG_ERRQUEUE | (report.has_data ? MSG_TRUNC : 0);
    if (report.has_time) {
        add_time(&controls, report.at_us);
    }
    add_error(&controls, handle, &report.error);
    return 0;
}
