// SPDX-License-Identifier: MIT
//
// Socket options: what the user may set of a connection, and read of it. Each option is a row:
// its range, and where it lives.
#include "tcp/tcp_handshake.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_record.h"

enum {
    BUFFER_MIN = 256,
    BUFFER_MAX = 1 << 30, // RFC 7323 §2.3: windows stay below 2^30
    MSS_LIMIT_MIN = 88,   // smaller ones only waste work
    PROBES_MAX = 127,
    RETRIES_MAX = 127,
};

#define INTERVAL_MAX_NS (365 * 24 * 3600 * NS_PER_S)
#define DEFER_MAX_NS    (3600 * NS_PER_S)

struct range {
    int64_t min, max;
};

static const struct range RANGES[SYNFIN_OPTION_COUNT] = {
    [SYNFIN_OPTION_SEND_BUFFER] = {BUFFER_MIN, BUFFER_MAX},
    [SYNFIN_OPTION_RECEIVE_BUFFER] = {BUFFER_MIN, BUFFER_MAX},
    [SYNFIN_OPTION_REUSE_ADDR] = {0, 1},
    [SYNFIN_OPTION_KEEPALIVE] = {0, 1},
    [SYNFIN_OPTION_KEEPALIVE_IDLE] = {NS_PER_MS, INTERVAL_MAX_NS},
    [SYNFIN_OPTION_KEEPALIVE_INTERVAL] = {NS_PER_MS, INTERVAL_MAX_NS},
    [SYNFIN_OPTION_KEEPALIVE_PROBES] = {1, PROBES_MAX},
    [SYNFIN_OPTION_NODELAY] = {0, 1},
    [SYNFIN_OPTION_CORK] = {0, 1},
    [SYNFIN_OPTION_PUSH] = {0, 1},
    [SYNFIN_OPTION_NOTSENT_LOWAT] = {0, BUFFER_MAX},
    [SYNFIN_OPTION_USER_TIMEOUT] = {0, INTERVAL_MAX_NS},
    [SYNFIN_OPTION_LINGER] = {-1, 0},
    [SYNFIN_OPTION_MAXSEG] = {MSS_LIMIT_MIN, UINT16_MAX},
    [SYNFIN_OPTION_SYN_RETRIES] = {0, RETRIES_MAX},
    [SYNFIN_OPTION_QUICKACK] = {0, 1},
    [SYNFIN_OPTION_TRAFFIC_CLASS] = {0, 255},
    [SYNFIN_OPTION_HOP_LIMIT] = {1, 255},
    [SYNFIN_OPTION_URGENT_MARK] = {1, 1},
    [SYNFIN_OPTION_RECORD_END] = {1, 1},
    [SYNFIN_OPTION_PACING_RATE_MAX] = {0, INT64_MAX},
    [SYNFIN_OPTION_FASTOPEN] = {0, UINT16_MAX},
    [SYNFIN_OPTION_FASTOPEN_CONNECT] = {0, 1},
    [SYNFIN_OPTION_ECN] = {SYNFIN_ECN_NEVER, SYNFIN_ECN_ASK_ACCURATE},
    [SYNFIN_OPTION_RECEIVE_LOWAT] = {1, BUFFER_MAX},
    [SYNFIN_OPTION_WINDOW_CLAMP] = {0, BUFFER_MAX},
    [SYNFIN_OPTION_FIN_WAIT_2] = {NS_PER_MS, INTERVAL_MAX_NS},
    [SYNFIN_OPTION_DEFER_ACCEPT] = {0, DEFER_MAX_NS},
    [SYNFIN_OPTION_FASTOPEN_NO_COOKIE] = {0, 1},
};

static bool is_read_only(enum synfin_option option)
{
    return RANGES[option].min == 0 && RANGES[option].max == 0;
}

// RFC 9293 §3.8.5 [MUST-30, MUST-31]: everything queued so far is urgent.
static enum synfin_error mark_urgent(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!tcp_state_is(conn, TCP_FACT_MAY_QUEUE) || conn->send.bytes == 0) {
        return SYNFIN_ERROR_INVALID;
    }
    conn->snd.up = tcp_output_end(conn);
    conn->has_urgent_out = true;
    tcp_output_want(tcp, conn);
    return SYNFIN_ERROR_OK;
}

// R2 in time: RFC 9293 §3.8.3 [MUST-21]; keep-alive: RFC 9293 §3.8.4 [MUST-24, MUST-27].
static void set_timing(struct tcp_settings *set, enum synfin_option option, int64_t value)
{
    if (option == SYNFIN_OPTION_KEEPALIVE) {
        set->has_keepalive = value != 0;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_IDLE) {
        set->keepalive_idle_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_INTERVAL) {
        set->keepalive_interval_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_PROBES) {
        set->keepalive_probes = (uint8_t)value;
    } else if (option == SYNFIN_OPTION_USER_TIMEOUT) {
        set->user_timeout_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_FIN_WAIT_2) {
        set->fin_wait_2_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_DEFER_ACCEPT) {
        set->defer_accept_ms = (uint32_t)(((uint64_t)value + NS_PER_MS - 1) / NS_PER_MS);
    }
}

// RFC 9293 §3.7.4 [MUST-17], §3.9.1.9 [MUST-48, SHLD-21], §3.9.2 [MUST-49].
static void set_plain(struct tcp_settings *set, enum synfin_option option, int64_t value)
{
    if (option == SYNFIN_OPTION_SEND_BUFFER) {
        set->send_buffer_bytes = (uint32_t)value;
        set->has_send_buffer = true;
    } else if (option == SYNFIN_OPTION_RECEIVE_BUFFER) {
        set->receive_buffer_bytes = (uint32_t)value;
        set->has_receive_buffer = true;
    } else if (option == SYNFIN_OPTION_REUSE_ADDR) {
        set->has_reuse_addr = value != 0;
    } else if (option == SYNFIN_OPTION_NODELAY) {
        set->has_nodelay = value != 0;
    } else if (option == SYNFIN_OPTION_CORK) {
        set->has_cork = value != 0;
    } else if (option == SYNFIN_OPTION_PUSH) {
        set->has_no_push = value == 0;
    } else if (option == SYNFIN_OPTION_NOTSENT_LOWAT) {
        set->notsent_lowat_bytes = (uint32_t)value;
    } else if (option == SYNFIN_OPTION_RECEIVE_LOWAT) {
        set->receive_lowat_bytes = (uint32_t)value;
    } else if (option == SYNFIN_OPTION_WINDOW_CLAMP) {
        set->window_clamp_bytes = (uint32_t)value;
    } else if (option == SYNFIN_OPTION_PACING_RATE_MAX) {
        set->pacing_rate_max = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_LINGER) {
        set->linger = (int8_t)value;
    } else if (option == SYNFIN_OPTION_MAXSEG) {
        set->mss_limit = (uint16_t)value;
    } else if (option == SYNFIN_OPTION_SYN_RETRIES) {
        set->syn_retries = (uint8_t)value;
    } else if (option == SYNFIN_OPTION_QUICKACK) {
        set->has_quickack = value != 0;
    } else if (option == SYNFIN_OPTION_TRAFFIC_CLASS) {
        set->traffic_class = (uint8_t)(value & ~TCP_ECN_FIELD_MASK); // RFC 3168 §5: not the user's
    } else if (option == SYNFIN_OPTION_HOP_LIMIT) {
        set->hop_limit = (uint8_t)value;
    } else if (option == SYNFIN_OPTION_FASTOPEN) {
        set->fastopen_max = (uint16_t)value;
    } else if (option == SYNFIN_OPTION_FASTOPEN_CONNECT) {
        set->has_fastopen_connect = value != 0;
    } else if (option == SYNFIN_OPTION_FASTOPEN_NO_COOKIE) {
        set->has_no_cookie = value != 0;
    } else if (option == SYNFIN_OPTION_ECN) {
        set->ecn = (uint8_t)value;
    }
}

static bool is_of_keepalive(enum synfin_option option)
{
    return option == SYNFIN_OPTION_KEEPALIVE || option == SYNFIN_OPTION_KEEPALIVE_IDLE
           || option == SYNFIN_OPTION_KEEPALIVE_INTERVAL;
}

// The window scale of a listener's children goes with its buffer; but not while a SYN+ACK is out
// that said another and of which nothing was kept: the peer would take all windows for what they
// are not.
static void set_shift_of_children(const struct tcp *tcp, struct tcp_conn *listener, uint64_t now_ns)
{
    if (!tcp_handshake_may_be_cookie(tcp, now_ns)) {
        listener->rcv.wscale_shift = tcp_window_offered_shift(tcp, listener);
    }
}

// What a change means for a connection that runs already.
static void apply(struct tcp *tcp, struct tcp_conn *conn, enum synfin_option option,
                  uint64_t now_ns)
{
    bool is_window = option == SYNFIN_OPTION_RECEIVE_BUFFER || option == SYNFIN_OPTION_WINDOW_CLAMP;
    if (conn->state == SYNFIN_TCP_STATE_LISTEN && is_window) {
        set_shift_of_children(tcp, conn, now_ns);
    }
    if (option == SYNFIN_OPTION_USER_TIMEOUT) {
        tcp_timer_on_user_timeout_set(tcp, conn, now_ns);
    }
    bool is_synchronised = tcp_state_is(conn, TCP_FACT_SYNCHRONISED);
    bool knows_peer = is_synchronised || conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED;
    if (option == SYNFIN_OPTION_MAXSEG && knows_peer) {
        tcp_open_set_mss(conn);
    }
    if (!is_synchronised) {
        return;
    }
    if (is_window) {
        tcp_window_after_read(tcp, conn);
    } else if (option == SYNFIN_OPTION_NODELAY) {
        tcp_output_want(tcp, conn);
    } else if (option == SYNFIN_OPTION_RECEIVE_LOWAT) {
        tcp_calls_data_on_text(tcp, conn);
    }
    if (is_of_keepalive(option) && conn->state != SYNFIN_TCP_STATE_TIME_WAIT) {
        tcp_timer_on_keepalive_set(tcp, conn, now_ns);
    }
}

enum synfin_error tcp_set_option(struct tcp *tcp, struct tcp_conn *conn, enum synfin_option option,
                                 int64_t value, uint64_t now_ns)
{
    if ((uint32_t)option >= SYNFIN_OPTION_COUNT) {
        return SYNFIN_ERROR_INVALID;
    }
    if (is_read_only(option)) {
        return SYNFIN_ERROR_NOT_SUPPORTED;
    }
    if (value < RANGES[option].min || value > RANGES[option].max) {
        return SYNFIN_ERROR_INVALID;
    }
    if (option == SYNFIN_OPTION_URGENT_MARK) {
        return mark_urgent(tcp, conn);
    }
    if (option == SYNFIN_OPTION_RECORD_END) {
        return tcp_record_end(tcp, conn);
    }
    if (option == SYNFIN_OPTION_CORK && value == 0) {
        tcp_output_uncork(tcp, conn);
    }
    set_timing(&conn->set, option, value);
    set_plain(&conn->set, option, value);
    tcp_calls_data_on_room(tcp, conn);
    apply(tcp, conn, option, now_ns);
    return SYNFIN_ERROR_OK;
}

// RFC 9293 §3.8.5 [MUST-33].
static uint32_t urgent_left(const struct tcp_conn *conn)
{
    struct seq position = tcp_calls_data_position(conn);
    bool is_ahead = conn->has_urgent && seq_lt(position, conn->rcv.up);
    return is_ahead ? seq_distance(position, conn->rcv.up) : 0;
}

static bool is_at_mark(const struct tcp_conn *conn)
{
    return conn->has_urgent && seq_eq(tcp_calls_data_position(conn), conn->rcv.up);
}

static uint32_t mss_in_use(const struct tcp_conn *conn)
{
    return tcp_state_is(conn, TCP_FACT_SYNCHRONISED) ? conn->snd.mss : conn->set.mss_limit;
}

static uint32_t lowat_in_use(const struct tcp_settings *set)
{
    return set->receive_lowat_bytes > 0 ? set->receive_lowat_bytes : 1;
}

// RFC 9293 §3.9.1.8 [MUST-47, SHLD-20]: who wants to know of soft errors asks.
enum synfin_error tcp_get_option(struct tcp *tcp, const struct tcp_conn *conn,
                                 enum synfin_option option, int64_t *value)
{
    (void)tcp;
    const struct tcp_settings *set = &conn->set;
    switch (option) {
    case SYNFIN_OPTION_SEND_BUFFER: *value = set->send_buffer_bytes; break;
    case SYNFIN_OPTION_RECEIVE_BUFFER: *value = set->receive_buffer_bytes; break;
    case SYNFIN_OPTION_REUSE_ADDR: *value = set->has_reuse_addr; break;
    case SYNFIN_OPTION_KEEPALIVE: *value = set->has_keepalive; break;
    case SYNFIN_OPTION_KEEPALIVE_IDLE: *value = (int64_t)set->keepalive_idle_ns; break;
    case SYNFIN_OPTION_KEEPALIVE_INTERVAL: *value = (int64_t)set->keepalive_interval_ns; break;
    case SYNFIN_OPTION_KEEPALIVE_PROBES: *value = set->keepalive_probes; break;
    case SYNFIN_OPTION_NODELAY: *value = set->has_nodelay; break;
    case SYNFIN_OPTION_CORK: *value = set->has_cork; break;
    case SYNFIN_OPTION_PUSH: *value = !set->has_no_push; break;
    case SYNFIN_OPTION_NOTSENT_LOWAT: *value = set->notsent_lowat_bytes; break;
    case SYNFIN_OPTION_PACING_RATE_MAX: *value = (int64_t)set->pacing_rate_max; break;
    case SYNFIN_OPTION_USER_TIMEOUT: *value = (int64_t)set->user_timeout_ns; break;
    case SYNFIN_OPTION_LINGER: *value = set->linger < 0 ? -1 : 0; break;
    case SYNFIN_OPTION_MAXSEG: *value = mss_in_use(conn); break;
    case SYNFIN_OPTION_SYN_RETRIES: *value = set->syn_retries; break;
    case SYNFIN_OPTION_QUICKACK: *value = set->has_quickack; break;
    case SYNFIN_OPTION_TRAFFIC_CLASS: *value = set->traffic_class; break;
    case SYNFIN_OPTION_HOP_LIMIT: *value = set->hop_limit; break;
    case SYNFIN_OPTION_ERROR: *value = conn->error; break;
    case SYNFIN_OPTION_SOFT_ERROR: *value = conn->soft_error; break;
    case SYNFIN_OPTION_IS_LISTENER: *value = conn->state == SYNFIN_TCP_STATE_LISTEN; break;
    case SYNFIN_OPTION_AT_MARK: *value = is_at_mark(conn); break;
    case SYNFIN_OPTION_READ_QUEUE: *value = conn->receive.bytes; break;
    case SYNFIN_OPTION_SEND_QUEUE: *value = conn->send.bytes; break;
    case SYNFIN_OPTION_URGENT_LEFT: *value = urgent_left(conn); break;
    case SYNFIN_OPTION_URGENT_MARK: *value = conn->has_urgent_out; break;
    case SYNFIN_OPTION_RECORD_END:
        *value = tcp_record_ends(conn, tcp_output_base(conn), conn->send.bytes);
        break;
    case SYNFIN_OPTION_FASTOPEN: *value = set->fastopen_max; break;
    case SYNFIN_OPTION_FASTOPEN_CONNECT: *value = set->has_fastopen_connect; break;
    case SYNFIN_OPTION_FASTOPEN_NO_COOKIE: *value = set->has_no_cookie; break;
    case SYNFIN_OPTION_ECN: *value = set->ecn; break;
    case SYNFIN_OPTION_RECEIVE_LOWAT: *value = lowat_in_use(set); break;
    case SYNFIN_OPTION_WINDOW_CLAMP: *value = set->window_clamp_bytes; break;
    case SYNFIN_OPTION_FIN_WAIT_2: *value = (int64_t)set->fin_wait_2_ns; break;
    case SYNFIN_OPTION_DEFER_ACCEPT: *value = (int64_t)(set->defer_accept_ms * NS_PER_MS); break;
    case SYNFIN_OPTION_COUNT:
    default: return SYNFIN_ERROR_INVALID;
    }
    return SYNFIN_ERROR_OK;
}
