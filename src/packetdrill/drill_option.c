// SPDX-License-Identifier: MIT
//
// Socket options by Linux's levels and names. Each is a row: which option of the stack it is, and
// the unit in which Linux counts. What the stack has no use for is kept as it was set.
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>

#include "packetdrill/drill_fastopen.h"
#include "packetdrill/drill_keep.h"
#include "packetdrill/packetdrill.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

enum {
    NAME_TCP_CC_INFO = 26,
    NAME_SO_MEMINFO = 55,
    MEMINFO_BYTES = 36,
    CONGESTION_NAME = 16,
    // Linux sets aside as much again for what packets need besides their octets.
    BUFFER_FACTOR = 2,
    BUFFER_LEAST = 2304, // what Linux sets aside at least, before that
    CLAMP_LEAST = 1152,
    LINGER2_MOST = 120,
    SYN_ACK_WAIT_MOST = 120,
};

struct row {
    int level, name;
    enum synfin_option option;
    bool is_switch; // any value but 0 means 1
    int64_t unit;
    int least, most; // as Linux has them; both 0: as the stack has them
};

static const struct row ROWS[] = {
    {SOL_SOCKET, SO_REUSEADDR, SYNFIN_OPTION_REUSE_ADDR, true, 1, 0, 0},
    {SOL_SOCKET, SO_KEEPALIVE, SYNFIN_OPTION_KEEPALIVE, true, 1, 0, 0},
    {SOL_SOCKET, SO_SNDBUF, SYNFIN_OPTION_SEND_BUFFER, false, 1, 0, 0},
    {SOL_SOCKET, SO_RCVBUF, SYNFIN_OPTION_RECEIVE_BUFFER, false, 1, 0, 0},
    {SOL_SOCKET, SO_RCVLOWAT, SYNFIN_OPTION_RECEIVE_LOWAT, false, 1, 0, 0},
    {SOL_SOCKET, SO_MAX_PACING_RATE, SYNFIN_OPTION_PACING_RATE_MAX, false, 1, 0, 0},
    {SOL_SOCKET, SO_ACCEPTCONN, SYNFIN_OPTION_IS_LISTENER, false, 1, 0, 0},
    {IPPROTO_TCP, TCP_NODELAY, SYNFIN_OPTION_NODELAY, true, 1, 0, 0},
    {IPPROTO_TCP, TCP_MAXSEG, SYNFIN_OPTION_MAXSEG, false, 1, 88, 32767},
    {IPPROTO_TCP, TCP_KEEPIDLE, SYNFIN_OPTION_KEEPALIVE_IDLE, false, NS_PER_S, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPINTVL, SYNFIN_OPTION_KEEPALIVE_INTERVAL, false, NS_PER_S, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPCNT, SYNFIN_OPTION_KEEPALIVE_PROBES, false, 1, 1, 127},
    {IPPROTO_TCP, TCP_SYNCNT, SYNFIN_OPTION_SYN_RETRIES, false, 1, 1, 127},
    {IPPROTO_TCP, TCP_QUICKACK, SYNFIN_OPTION_QUICKACK, true, 1, 0, 0},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, SYNFIN_OPTION_USER_TIMEOUT, false, NS_PER_MS, 0, INT_MAX},
    {IPPROTO_TCP, TCP_LINGER2, SYNFIN_OPTION_FIN_WAIT_2, false, NS_PER_S, 0, 0},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, SYNFIN_OPTION_DEFER_ACCEPT, false, NS_PER_S, 0, 0},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, SYNFIN_OPTION_WINDOW_CLAMP, false, 1, 0, 0},
    {IPPROTO_TCP, TCP_FASTOPEN, SYNFIN_OPTION_FASTOPEN, false, 1, 0, 0},
    {IPPROTO_TCP, TCP_FASTOPEN_CONNECT, SYNFIN_OPTION_FASTOPEN_CONNECT, true, 1, 0, 0},
    {IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, SYNFIN_OPTION_FASTOPEN_NO_COOKIE, true, 1, 0, 0},
    {IPPROTO_IP, IP_TOS, SYNFIN_OPTION_TRAFFIC_CLASS, false, 1, 0, 0},
    {IPPROTO_IP, IP_TTL, SYNFIN_OPTION_HOP_LIMIT, false, 1, 0, 0},
    {IPPROTO_IPV6, IPV6_TCLASS, SYNFIN_OPTION_TRAFFIC_CLASS, false, 1, 0, 0},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, SYNFIN_OPTION_HOP_LIMIT, false, 1, 0, 0},
};

static const struct row *find_row(int level, int name)
{
    for (size_t at = 0; at < sizeof ROWS / sizeof ROWS[0]; at++) {
        if (ROWS[at].level == level && ROWS[at].name == name) {
            return &ROWS[at];
        }
    }
    return NULL;
}

static int set_in_stack(struct drill *drill, const struct drill_handle *handle,
                        enum synfin_option option, int64_t value)
{
    enum synfin_error error = synfin_socket_set_option(drill->stack, handle->socket, option, value,
                                                       drill_stack_now(drill));
    if (error == SYNFIN_ERROR_NOT_SUPPORTED) {
        return drill_errno_fail(ENOPROTOOPT);
    }
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

// What is read is what was set aside; a receive buffer keeps the other half free of octets.
static int set_buffer(struct drill *drill, struct drill_handle *handle, int name, int value)
{
    bool is_send = name == SO_SNDBUF;
    int64_t half = value > BUFFER_LEAST ? value : BUFFER_LEAST;
    int64_t bytes = BUFFER_FACTOR * half;
    (void)drill_keep_set(handle, SOL_SOCKET, name, bytes < INT_MAX ? (int)bytes : INT_MAX);
    return set_in_stack(drill, handle,
                        is_send ? SYNFIN_OPTION_SEND_BUFFER : SYNFIN_OPTION_RECEIVE_BUFFER,
                        is_send ? bytes : value);
}

static int set_linger(struct drill *drill, struct drill_handle *handle, const void *value,
                      socklen_t bytes)
{
    struct linger linger;
    if (bytes < sizeof linger) {
        return drill_errno_fail(EINVAL);
    }
    memcpy(&linger, value, sizeof linger);
    bool aborts = linger.l_onoff != 0 && linger.l_linger == 0;
    handle->linger_s = linger.l_onoff != 0 ? linger.l_linger : 0;
    return set_in_stack(drill, handle, SYNFIN_OPTION_LINGER, aborts ? 0 : -1);
}

static int set_congestion(struct drill *drill, const struct drill_handle *handle, const void *value,
                          socklen_t bytes)
{
    char name[CONGESTION_NAME + 1] = {0};
    memcpy(name, value, bytes < CONGESTION_NAME ? bytes : CONGESTION_NAME);
    enum synfin_error error = synfin_socket_set_congestion(drill->stack, handle->socket, name);
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_fail(ENOENT);
}

// One key, or two: the present one and the one before.
static int set_fastopen_keys(struct drill *drill, const struct drill_handle *handle,
                             const void *value, socklen_t bytes)
{
    uint32_t count = bytes / SYNFIN_FASTOPEN_KEY;
    if (count == 0 || bytes % SYNFIN_FASTOPEN_KEY != 0) {
        return drill_errno_fail(EINVAL);
    }
    enum synfin_error error =
        synfin_socket_fastopen_keys(drill->stack, handle->socket, value, count);
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

// Linux takes all ones for no limit, and 0 for the system's setting.
static int set_lowat(struct drill *drill, struct drill_handle *handle, int value)
{
    int64_t lowat = (uint32_t)value;
    (void)drill_keep_set(handle, IPPROTO_TCP, TCP_NOTSENT_LOWAT, value);
    if (lowat == 0) {
        lowat = drill_settings_number(&drill->settings, DRILL_SETTING_NOTSENT_LOWAT, 0);
    }
    return set_in_stack(drill, handle, SYNFIN_OPTION_NOTSENT_LOWAT, lowat < INT32_MAX ? lowat : 0);
}

static int set_cork(struct drill *drill, struct drill_handle *handle, bool is_on)
{
    handle->is_corked = is_on;
    return set_in_stack(drill, handle, SYNFIN_OPTION_CORK, is_on);
}

// Turning Nagle's algorithm off lets go what a cork holds, once.
static int set_nodelay(struct drill *drill, struct drill_handle *handle, bool is_on)
{
    int result = set_in_stack(drill, handle, SYNFIN_OPTION_NODELAY, is_on);
    if (result == 0 && is_on) {
        result = set_in_stack(drill, handle, SYNFIN_OPTION_CORK, 0);
        drill_stack_pump(drill);
    }
    return result == 0 ? set_in_stack(drill, handle, SYNFIN_OPTION_CORK, handle->is_corked)
                       : result;
}

// Linux counts repetitions of SYN+ACKs, of which the first comes after a second.
static int seconds_deferred(int value)
{
    int waited = 0;
    for (int wait = 1; waited < value; wait = 2 * wait < SYN_ACK_WAIT_MOST ? 2 * wait : wait) {
        waited += wait;
    }
    return waited;
}

// What Linux makes of values that it does not refuse; -1 and errno for one that it does.
static int adapt(const struct drill_handle *handle, const struct row *row, int *value)
{
    if (row->most > 0 && (*value < row->least || *value > row->most)) {
        return drill_errno_fail(EINVAL);
    }
    if (row->is_switch) {
        *value = *value != 0;
    } else if (row->option == SYNFIN_OPTION_RECEIVE_LOWAT) {
        *value = *value < 0 ? 1 << 30 : *value > 0 ? *value : 1;
    } else if (row->option == SYNFIN_OPTION_DEFER_ACCEPT) {
        *value = seconds_deferred(*value);
    } else if (row->option == SYNFIN_OPTION_FIN_WAIT_2) {
        *value = *value < 0 ? 1 : *value > LINGER2_MOST ? LINGER2_MOST : *value;
    } else if (row->option == SYNFIN_OPTION_WINDOW_CLAMP) {
        bool is_open = handle->is_connecting || handle->is_connected || handle->is_listener;
        if (*value == 0 && is_open) {
            return drill_errno_fail(EINVAL);
        }
        *value = *value > 0 && *value < CLAMP_LEAST ? CLAMP_LEAST : *value;
    }
    return 0;
}

static int set_row(struct drill *drill, const struct drill_handle *handle, const struct row *row,
                   int value)
{
    return adapt(handle, row, &value) == 0
               ? set_in_stack(drill, handle, row->option, value * row->unit)
               : -1;
}

static int set_number(struct drill *drill, struct drill_handle *handle, int level, int name,
                      int value)
{
    const struct row *row = find_row(level, name);
    if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF)) {
        return set_buffer(drill, handle, name, value);
    } else if (level == IPPROTO_TCP && name == TCP_NOTSENT_LOWAT) {
        return set_lowat(drill, handle, value);
    } else if (level == IPPROTO_TCP && name == TCP_NODELAY) {
        return set_nodelay(drill, handle, value != 0);
    } else if (level == IPPROTO_TCP && name == TCP_CORK) {
        return set_cork(drill, handle, value != 0);
    } else if (level == SOL_SOCKET && name == SO_TIMESTAMPING) {
        return drill_report_set_timestamping(drill, handle, (uint32_t)value);
    } else if (level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT
               && !drill_fastopen_is_on(drill)) {
        return drill_errno_fail(EOPNOTSUPP);
    } else if (row != NULL) {
        return set_row(drill, handle, row, value);
    }
    bool is_kept = drill_keep_knows(level, name) && drill_keep_set(handle, level, name, value);
    return is_kept ? 0 : drill_errno_fail(ENOPROTOOPT);
}

static int set_option(struct drill *drill, struct drill_handle *handle, int level, int name,
                      const void *value, socklen_t bytes)
{
    int number = 0;
    if (value == NULL) {
        return drill_errno_fail(EFAULT);
    } else if (level == SOL_SOCKET && name == SO_LINGER) {
        return set_linger(drill, handle, value, bytes);
    } else if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        return set_congestion(drill, handle, value, bytes);
    } else if (level == IPPROTO_TCP && name == TCP_FASTOPEN_KEY) {
        return set_fastopen_keys(drill, handle, value, bytes);
    } else if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        return drill_keep_set(handle, level, name, bytes > 0) ? 0 : drill_errno_fail(ENOMEM);
    } else if (bytes < (level == IPPROTO_IP ? 1 : sizeof number)) {
        return drill_errno_fail(EINVAL);
    }
    memcpy(&number, value, bytes < sizeof number ? bytes : sizeof number);
    return set_number(drill, handle, level, name, number);
}

int packetdrill_setsockopt(void *userdata, int fd, int level, int name, const void *value,
                           socklen_t bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    int result = handle != NULL ? set_option(drill, handle, level, name, value, bytes) : -1;
    return drill_call_leave(drill, result);
}

static int copy_out(const void *from, socklen_t bytes, void *to, socklen_t *room)
{
    *room = *room < bytes ? *room : bytes;
    memcpy(to, from, *room);
    return 0;
}

static int get_row(struct drill *drill, const struct drill_handle *handle, const struct row *row,
                   int *number)
{
    int64_t value;
    enum synfin_error error =
        synfin_socket_get_option(drill->stack, handle->socket, row->option, &value);
    *number = (int)(value / row->unit);
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_set(error);
}

static int get_mtu(struct drill *drill, const struct drill_handle *handle, int *number)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    *number = (int)info.pmtu_bytes;
    return error == SYNFIN_ERROR_OK ? 0 : drill_errno_fail(ENOTCONN);
}

// What Linux tells of a socket that is no option of the stack's; false when it is not one of these.
static bool get_fact(struct drill_handle *handle, int level, int name, int *number)
{
    if (level == IPPROTO_TCP && name == TCP_CORK) {
        *number = handle->is_corked;
        return true;
    }
    if (level != SOL_SOCKET) {
        return false;
    }
    switch (name) {
    case SO_ERROR: *number = drill_call_take_error(handle); return true;
    case SO_TYPE: *number = SOCK_STREAM; return true;
    case SO_DOMAIN: *number = handle->family; return true;
    case SO_PROTOCOL: *number = IPPROTO_TCP; return true;
    case SO_SNDLOWAT: *number = 1; return true;
    case SO_TIMESTAMPING: *number = (int)handle->reports.timestamping; return true;
    default: return false;
    }
}

static bool get_kept(const struct drill_handle *handle, int level, int name, int *number)
{
    *number = drill_keep_get(handle, level, name, 0);
    return drill_keep_has(handle, level, name) || drill_keep_knows(level, name);
}

static int get_number(struct drill *drill, struct drill_handle *handle, int level, int name,
                      int *number)
{
    const struct row *row = find_row(level, name);
    bool is_mtu =
        (level == IPPROTO_IP && name == IP_MTU) || (level == IPPROTO_IPV6 && name == IPV6_MTU);
    if (get_fact(handle, level, name, number) || get_kept(handle, level, name, number)) {
        return 0;
    } else if (is_mtu) {
        return get_mtu(drill, handle, number);
    }
    return row != NULL ? get_row(drill, handle, row, number) : drill_errno_fail(ENOPROTOOPT);
}

static int get_congestion(struct drill *drill, const struct drill_handle *handle, void *value,
                          socklen_t *bytes)
{
    const char *name;
    char text[CONGESTION_NAME] = {0};
    enum synfin_error error = synfin_socket_congestion(drill->stack, handle->socket, &name);
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error);
    }
    memcpy(text, name, strnlen(name, sizeof text - 1));
    return copy_out(text, sizeof text, value, bytes);
}

// What Linux tells of memory by SO_MEMINFO: nine counters, of which only the buffers' sizes and
// what is queued have a meaning here.
static int get_memory(struct drill *drill, const struct drill_handle *handle, void *value,
                      socklen_t *bytes)
{
    static const enum synfin_option OPTIONS[] = {
        SYNFIN_OPTION_READ_QUEUE,
        SYNFIN_OPTION_RECEIVE_BUFFER,
        SYNFIN_OPTION_SEND_QUEUE,
        SYNFIN_OPTION_SEND_BUFFER,
    };
    uint32_t counters[MEMINFO_BYTES / sizeof(uint32_t)] = {0};
    for (size_t at = 0; at < sizeof OPTIONS / sizeof OPTIONS[0]; at++) {
        int64_t figure = 0;
        (void)!synfin_socket_get_option(drill->stack, handle->socket, OPTIONS[at], &figure);
        counters[at] = (uint32_t)figure;
    }
    return copy_out(counters, sizeof counters, value, bytes);
}

static int get_option(struct drill *drill, struct drill_handle *handle, int level, int name,
                      void *value, socklen_t *bytes)
{
    int number = 0;
    if (value == NULL || bytes == NULL) {
        return drill_errno_fail(EFAULT);
    } else if (level == IPPROTO_TCP && name == TCP_INFO) {
        return drill_tcp_info_read(drill, handle, value, bytes);
    } else if (level == IPPROTO_TCP && name == NAME_TCP_CC_INFO) {
        *bytes = 0;
        return 0;
    } else if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        return get_congestion(drill, handle, value, bytes);
    } else if (level == SOL_SOCKET && name == NAME_SO_MEMINFO) {
        return get_memory(drill, handle, value, bytes);
    }
    int result = get_number(drill, handle, level, name, &number);
    return result == 0 ? copy_out(&number, sizeof number, value, bytes) : result;
}

int packetdrill_getsockopt(void *userdata, int fd, int level, int name, void *value,
                           socklen_t *bytes)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_handle *handle = drill_handle_socket(drill, fd);
    int result = handle != NULL ? get_option(drill, handle, level, name, value, bytes) : -1;
    return drill_call_leave(drill, result);
}
