// SPDX-License-Identifier: MIT
//
// What active and passive opening share: the variables of a new connection, the options of the
// peer's SYN, the segment size, and what happens when the handshake is complete.
#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_mtu.h"

enum {
    MSS_DEFAULT_IPV4 = 536,  // RFC 9293 §3.7.1 [MUST-15]
    MSS_DEFAULT_IPV6 = 1220, // the same, IPv6
    MSS_FLOOR = 64,          // below this a peer only asks us to waste work (CVE-2019-11479)
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    WSCALE_SHIFT_MAX = 14, // RFC 7323 §2.3
};

static uint16_t mss_of_mtu(bool is_ipv4, uint32_t mtu_bytes)
{
    uint32_t headers = (is_ipv4 ? IPV4_HEADER : IPV6_HEADER) + TCP_HEADER;
    uint32_t mss = mtu_bytes > headers + MSS_FLOOR ? mtu_bytes - headers : MSS_FLOOR;
    return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}

// RFC 9293 §3.7.1 [MUST-16]: Eff.snd.MSS = min(SendMSS + 20, MMS_S) - TCPhdrsize -
// IPoptionsize; the timestamps option is subtracted here, SACK blocks when a segment is built
// (RFC 6691 §2).
void tcp_open_set_mss(struct tcp_conn *conn)
{
    uint32_t mss = conn->snd.mss_peer;
    uint16_t path = mss_of_mtu(addr_kind_is_ipv4(&conn->pair.remote), conn->pmtu_bytes);
    if (mss > path) {
        mss = path;
    }
    if (conn->set.mss_limit != 0 && mss > conn->set.mss_limit) {
        mss = conn->set.mss_limit;
    }
    conn->snd.mss = (uint16_t)(mss - (conn->uses_timestamps ? 12 : 0));
    tcp_cc_on_mss(&conn->cc, conn->snd.mss);
}

// From the MTU of the interface, as the datagram sizes that it receives: RFC 9293 §3.7.1 [MUST-67],
// §3.7.3 [SHLD-6].
uint16_t tcp_open_advertised_mss(const struct tcp_settings *set, const struct tcp_path *path,
                                 bool is_ipv4)
{
    uint16_t mss = mss_of_mtu(is_ipv4, path->mtu_bytes);
    return set->mss_limit != 0 && set->mss_limit < mss ? set->mss_limit : mss;
}

void tcp_open_set_iss(struct tcp_conn *conn, struct seq iss)
{
    conn->iss = iss;
    conn->snd.una = conn->snd.nxt = conn->snd.resend = iss;
    conn->snd.small = iss;
    conn->snd.edge = conn->snd.pushed = seq_add(iss, 1);
}

// The pair is set, the peer's SYN may be unknown yet. The window counts from RCV.NXT, which an
// active open learns with the peer's SYN.
void tcp_open_init(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_path *path,
                   uint64_t now_ns)
{
    const struct synfin_stack_config *config = &tcp->config;
    conn->path = *path;
    conn->pmtu_bytes = (uint16_t)tcp_mtu_first(tcp, conn, now_ns);
    tcp_open_set_iss(conn, tcp_isn(tcp, &conn->pair, now_ns));
    conn->ts_offset = tcp_isn_ts_offset(tcp, &conn->pair);
    conn->uses_timestamps = config->use_timestamps;
    conn->uses_sack = config->use_sack;
    conn->uses_wscale = config->use_window_scale;
    conn->rcv.wscale_shift = tcp_window_offered_shift(tcp, conn);
    bool is_ipv4 = addr_kind_is_ipv4(&conn->pair.remote);
    conn->rcv.mss = tcp_open_advertised_mss(&conn->set, path, is_ipv4);
    conn->snd.mss_peer = is_ipv4 ? MSS_DEFAULT_IPV4 : MSS_DEFAULT_IPV6;
    // A path of IPv6 may carry more and a peer send less.
    conn->rcv.mss_seen = conn->rcv.mss < MSS_DEFAULT_IPV4 ? conn->rcv.mss : MSS_DEFAULT_IPV4;
    conn->totals.ack_received_ns = now_ns;
    tcp_open_set_mss(conn);
    tcp_ecn_open(conn);
    tcp_congestion_open(tcp, conn, now_ns);
}

// RFC 9293 §3.7.1 [MUST-14]. What we do not do ourselves counts as not offered.
void tcp_open_read_offer(const struct tcp *tcp, const struct tcp_segment *seg,
                         struct tcp_offer *out)
{
    const struct synfin_stack_config *config = &tcp->config;
    const struct wire_tcp *h = &seg->h;
    bool is_ipv4 = addr_kind_is_ipv4(&seg->arrival->src);
    uint16_t mss = is_ipv4 ? MSS_DEFAULT_IPV4 : MSS_DEFAULT_IPV6;
    if (h->has_mss) {
        mss = h->mss < MSS_FLOOR ? MSS_FLOOR : h->mss;
    }
    *out = (struct tcp_offer){
        .irs = h->seq,
        .mss = mss,
        .wscale_shift = h->wscale_shift > WSCALE_SHIFT_MAX ? WSCALE_SHIFT_MAX : h->wscale_shift,
        .has_wscale = config->use_window_scale && h->has_wscale,
        .has_sack = config->use_sack && h->has_sack_permitted,
        .has_timestamps = config->use_timestamps && h->has_timestamps,
        .ts_val = h->ts_val,
    };
}

void tcp_open_take_offer(struct tcp_conn *conn, const struct tcp_offer *offer, uint64_t now_ns)
{
    conn->irs = offer->irs;
    conn->rcv.nxt = conn->rcv.adv = conn->rcv.acked = seq_add(conn->irs, 1);
    if (seq_lt(conn->iss, conn->snd.nxt)) { // our SYN has offered a window already
        conn->rcv.adv = seq_add(conn->rcv.nxt, tcp_window_of_syn(conn));
    }
    conn->snd.mss_peer = offer->mss;
    conn->uses_timestamps = offer->has_timestamps;
    conn->uses_sack = offer->has_sack;
    conn->uses_wscale = offer->has_wscale;
    conn->snd.wscale_shift = offer->has_wscale ? offer->wscale_shift : 0;
    if (!conn->uses_wscale) {
        conn->rcv.wscale_shift = 0;
    }
    if (conn->uses_timestamps) {
        conn->ts_recent = offer->ts_val;
    }
    conn->ts_recent_ns = now_ns;
    conn->snd.wl1 = offer->irs;
    conn->snd.wl2 = conn->iss;
    tcp_open_set_mss(conn);
}

void tcp_open_take_syn(const struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                       uint64_t now_ns)
{
    struct tcp_offer offer;
    tcp_open_read_offer(tcp, seg, &offer);
    tcp_open_take_offer(conn, &offer, now_ns);
    conn->snd.wnd = conn->snd.wnd_max = seg->h.window; // never scaled on a SYN, RFC 7323 §2.2
    // Data may have gone with our SYN, before a window was known.
    conn->snd.edge = seq_max(conn->snd.edge, seq_add(conn->iss, 1 + conn->snd.wnd));
}

// RFC 5681 §3.1: a SYN or SYN+ACK that was lost begins with one segment.
static void start_congestion_control(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t segments = conn->has_syn_lost ? 1 : tcp->config.initial_window_segments;
    tcp_cc_open(&conn->cc, conn->snd.mss, segments);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_OPEN, now_ns);
}

void tcp_open_hand_over(struct tcp *tcp, struct tcp_conn *conn)
{
    struct tcp_conn *listener = conn->listener;
    list_push_back(&listener->listen.acceptable, &conn->family);
    listener->listen.acceptables++;
    tcp_event_tell(tcp, listener, SYNFIN_EVENT_ACCEPTABLE);
}

void tcp_open_established(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                          uint64_t now_ns)
{
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_ESTABLISHED, cause, now_ns);
    tcp_mtu_open(tcp, conn, now_ns);
    if (conn->totals.data_segments_in == 0) {
        conn->totals.data_received_ns = now_ns;
    }
    start_congestion_control(tcp, conn, now_ns);
    tcp_trace_outcome(tcp, &conn->pair, conn->number, SYNFIN_ERROR_OK, SYNFIN_REASON_OPENED,
                      now_ns);
    if (conn->listener != NULL && list_is_empty(&conn->family)) {
        tcp_open_hand_over(tcp, conn);
    }
    if (conn->listener == NULL || tcp_fastopen_conn_is_taken(conn)) {
        tcp_event_tell(tcp, conn, SYNFIN_EVENT_CONNECTED);
    }
    tcp_timer_on_received(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
}
