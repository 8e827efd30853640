// SPDX-License-Identifier: MIT
//
// The receive window: what we offer the peer. Its right edge never moves left (RFC 9293 §3.8.6
// [SHLD-14]), and it moves right only by useful amounts, so that neither end is drawn into
// exchanging tiny segments (silly window syndrome, RFC 9293 §3.8.6.2.2 [MUST-39]).
#include "base/check.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_memory.h"

enum { WINDOW_FIELD_MAX = 65535, WSCALE_MAX = 14, UNITS_MIN = 64 };

uint8_t tcp_window_shift(uint32_t buffer_bytes)
{
    uint8_t shift = 0;
    while (shift < WSCALE_MAX && (buffer_bytes >> shift) > WINDOW_FIELD_MAX) {
        shift++;
    }
    return shift;
}

// The user's limit, which is none when it is 0.
static uint32_t asked_clamp(const struct tcp_conn *conn)
{
    uint32_t most = conn->set.window_clamp_bytes;
    return most > 0 ? most : UINT32_MAX;
}

// Less than a unit of the scale cannot be said (RFC 7323 §2.3): the window would be shut for ever.
static uint32_t clamp(const struct tcp_conn *conn)
{
    uint32_t unit = UINT32_C(1) << conn->rcv.wscale_shift;
    uint32_t most = asked_clamp(conn);
    return most > unit ? most : unit;
}

uint32_t tcp_window_buffer(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t most = tcp_cc_smaller(tcp_linux_window_most(conn), clamp(conn));
    return tcp_cc_smaller(tcp_memory_receive_limit(tcp, conn), most);
}

// A buffer that begins small is not offered in units that it holds few of: it grows less far.
uint8_t tcp_window_offered_shift(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint8_t shift =
        tcp_window_shift(tcp_cc_smaller(tcp_autotune_receive_max(tcp, conn), clamp(conn)));
    uint8_t least = tcp_window_shift(tcp_cc_smaller(conn->set.receive_buffer_bytes, clamp(conn)));
    while (shift > least && (UINT32_C(1) << shift) > conn->set.receive_buffer_bytes / UNITS_MIN) {
        shift--;
    }
    return shift;
}

// RCV.BUFF - RCV.USER: room for octets that have not arrived.
static uint32_t free_room(const struct tcp_conn *conn, uint32_t buffer)
{
    return conn->receive.bytes < buffer ? buffer - conn->receive.bytes : 0;
}

uint16_t tcp_window_of_syn(const struct tcp_conn *conn)
{
    // All of the buffer, less what came with the peer's SYN; memory does not change it, because
    // the third segment of the handshake is judged by the same number.
    uint32_t room = free_room(conn, conn->set.receive_buffer_bytes);
    return (uint16_t)tcp_cc_smaller(tcp_cc_smaller(room, asked_clamp(conn)), WINDOW_FIELD_MAX);
}

// By how much the right edge could move.
static uint32_t possible_growth(const struct tcp_conn *conn, uint32_t buffer)
{
    uint32_t room = free_room(conn, buffer);
    uint32_t open = tcp_window_open(conn);
    uint32_t field_most = (uint32_t)WINDOW_FIELD_MAX << conn->rcv.wscale_shift;
    uint32_t most = tcp_cc_smaller(tcp_linux_window_most(conn), clamp(conn));
    room = tcp_cc_smaller(room, tcp_cc_smaller(field_most, most));
    return room > open ? room - open : 0;
}

// Fr * RCV.BUFF with Fr = 1/2, and one segment.
static bool is_worth_offering(const struct tcp_conn *conn, uint32_t buffer, uint32_t growth)
{
    return growth >= tcp_cc_smaller(buffer, clamp(conn)) / 2 || growth >= conn->rcv.mss_seen;
}

// The scale cuts the edge down. Where that would move it left it is rounded up instead, as long as
// what may then arrive stays below one and a half buffers: segments smaller than the scale's unit
// would else push the edge on for ever. Beyond that the field says less than we would still take
// (RFC 7323 §2.4).
static bool may_round_up(const struct tcp_conn *conn, uint32_t window)
{
    uint32_t buffer = tcp_memory_buffer_in_units(conn);
    return (uint64_t)conn->receive.bytes + window <= (uint64_t)buffer + buffer / 2;
}

uint16_t tcp_window_advertise(const struct tcp *tcp, struct tcp_conn *conn, bool is_syn)
{
    if (is_syn) {
        uint16_t window = tcp_window_of_syn(conn);
        conn->rcv.adv = seq_max(conn->rcv.adv, seq_add(conn->rcv.nxt, window));
        return window;
    }
    uint32_t buffer = tcp_memory_receive_limit(tcp, conn);
    uint32_t growth = possible_growth(conn, buffer);
    uint32_t window = tcp_window_open(conn);
    uint32_t shift = conn->rcv.wscale_shift;
    uint32_t field;
    if (growth > 0 && is_worth_offering(conn, buffer, growth)) {
        field = (window + growth) >> shift;
    } else {
        field = window >> shift;
    }
    if (field << shift < window && may_round_up(conn, (field + 1) << shift)) {
        field++;
    }
    ASSERT(field <= WINDOW_FIELD_MAX); // the edge never moves farther than that
    conn->rcv.adv = seq_max(conn->rcv.adv, seq_add(conn->rcv.nxt, field << shift));
    return (uint16_t)field;
}

// RFC 7323 §2.2: the window field of a SYN is not scaled.
static bool is_as_in_syn(const struct tcp_conn *conn)
{
    return seq_distance(seq_add(conn->irs, 1), conn->rcv.adv) == WINDOW_FIELD_MAX;
}

// A reader that takes nothing keeps the window shut for ever: RFC 9293 §3.8.6.1 [MAY-8].
void tcp_window_after_read(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!tcp_state_is(conn, TCP_FACT_TAKES_TEXT)) {
        return;
    }
    uint32_t buffer = tcp_window_buffer(tcp, conn);
    uint32_t growth = possible_growth(conn, tcp_memory_receive_limit(tcp, conn));
    bool is_low = tcp_window_open(conn) <= buffer / 4;
    bool is_useful = growth >= buffer / 2 || (is_low && growth >= 2 * (uint32_t)conn->rcv.mss_seen);
    if (is_useful) {
        tcp_output_acknowledge(tcp, conn,
                               is_as_in_syn(conn) ? SYNFIN_REASON_SEND_WINDOW_WHOLE
                                                  : SYNFIN_REASON_SEND_WINDOW_UPDATE);
    }
}
