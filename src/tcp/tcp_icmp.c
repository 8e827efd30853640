// SPDX-License-Identifier: MIT
//
// ICMP errors that quote one of our segments. Anybody can send one, so the quoted sequence number
// must lie in what is in flight (RFC 5927 §4.1); and none of them ends a connection that is open
// (§5.2): there they only explain, should the connection time out.
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_syncache.h"

static enum synfin_error error_of(enum tcp_icmp kind)
{
    switch (kind) {
    case TCP_ICMP_NET_UNREACHABLE: return SYNFIN_ERROR_NET_UNREACHABLE;
    case TCP_ICMP_HOST_UNREACHABLE:
    case TCP_ICMP_OTHER: return SYNFIN_ERROR_HOST_UNREACHABLE; // it died on the way
    case TCP_ICMP_PORT_UNREACHABLE: return SYNFIN_ERROR_PORT_UNREACHABLE;
    case TCP_ICMP_PROHIBITED: return SYNFIN_ERROR_PROHIBITED;
    case TCP_ICMP_NO_NEIGHBOUR: return SYNFIN_ERROR_NO_NEIGHBOUR;
    case TCP_ICMP_TOO_BIG: break;
    }
    return SYNFIN_ERROR_OK;
}

static bool is_hard(enum tcp_icmp kind)
{
    return kind == TCP_ICMP_PORT_UNREACHABLE || kind == TCP_ICMP_PROHIBITED;
}

// UNREACHABLE_ENDS: also soft errors, and also when the peer's SYN is known but no user is.
static bool ends_opening(const struct tcp_conn *conn, enum tcp_icmp kind)
{
    bool is_from_router = kind != TCP_ICMP_NO_NEIGHBOUR; // that is no packet
    bool is_linux = is_from_router && tcp_linux_has(conn, SYNFIN_LINUX_WAY_UNREACHABLE_ENDS);
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        return is_hard(kind) || is_linux;
    }
    bool has_user = conn->is_passive && conn->listener == NULL;
    return conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED && !has_user && is_linux;
}

// A half-open connection has nobody who could be told, and one in TIME-WAIT nothing to lose.
// UNREACHABLE_ENDS: the half-open one ends.
static enum synfin_reason refuse_for_stub(struct tcp *tcp, const struct tcp_pair *pair,
                                          const struct tcp_icmp_error *said, uint64_t now_ns)
{
    uint64_t hash = tcp_stub_hash(&tcp->table_key, pair);
    struct tcp_stub *stub = tcp_stub_find(&tcp->half_open, pair, hash);
    if (stub == NULL) {
        return tcp_stub_find(&tcp->time_wait, pair, hash) != NULL ? SYNFIN_REASON_DROP_ICMP_SOFT
                                                                  : SYNFIN_REASON_DROP_ICMP_QUOTE;
    }
    bool may_end = (tcp->config.linux_ways >> SYNFIN_LINUX_WAY_UNREACHABLE_ENDS & 1) != 0
                   && said->kind != TCP_ICMP_TOO_BIG && said->kind != TCP_ICMP_NO_NEIGHBOUR;
    if (!may_end) {
        return SYNFIN_REASON_DROP_ICMP_SOFT;
    }
    if (!seq_eq(said->seq, stub->ours)) {
        return SYNFIN_REASON_DROP_ICMP_SEQUENCE;
    }
    const struct tcp_ending ending = {.to = SYNFIN_TCP_STATE_LISTEN,
                                      .error = error_of(said->kind),
                                      .cause = SYNFIN_REASON_ICMP_UNREACHABLE};
    tcp_syncache_end(tcp, stub, &ending, now_ns);
    return SYNFIN_REASON_UNKNOWN;
}

// To the connection it is about, whose user can ask for it, and is told when it comes to an end.
// RFC 9293 §3.9.2.2 [MUST-56], RFC 5461 §4: soft errors do not abort an attempt to connect
// either, but a port unreachable or a prohibition then is the peer's answer.
// DEVIATES RFC 9293 §3.9.2.2 [SHLD-26]: an open connection outlives hard errors (RFC 5927 §5.2),
// because anybody can send them.
static void take_unreachable(struct tcp *tcp, struct tcp_conn *conn,
                             const struct tcp_icmp_error *said, uint64_t now_ns)
{
    enum synfin_error error = error_of(said->kind);
    tcp_fastopen_conn_on_failed(tcp, conn, now_ns);
    conn->icmp = said->icmp;
    if (ends_opening(conn, said->kind)) {
        tcp_life_end(tcp, conn, error, SYNFIN_REASON_ICMP_UNREACHABLE, now_ns);
        return;
    }
    conn->soft_error = (uint8_t)error;
    if (is_hard(said->kind)) {
        report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_ICMP_SOFT, now_ns);
    } else if (said->kind != TCP_ICMP_NO_NEIGHBOUR) { // that is no packet
        report_count(tcp->report, SYNFIN_REASON_ICMP_HEARD);
    }
}

// RFC 9293 §3.9.2.2 [MUST-54, SHLD-25]
void tcp_icmp_error(struct tcp *tcp, const struct tcp_pair *pair, const struct tcp_icmp_error *said,
                    uint64_t now_ns)
{
    struct tcp_conn *conn = tcp_table_find(tcp, pair);
    enum synfin_reason refused = SYNFIN_REASON_UNKNOWN;
    if (conn == NULL) {
        refused = refuse_for_stub(tcp, pair, said, now_ns);
    } else if (seq_lt(said->seq, conn->snd.una) || seq_ge(said->seq, conn->snd.nxt)) {
        refused = SYNFIN_REASON_DROP_ICMP_SEQUENCE;
    }
    if (refused != SYNFIN_REASON_UNKNOWN) {
        report_packet_dropped(tcp->report, refused, now_ns);
    } else if (conn == NULL) {
        report_count(tcp->report, SYNFIN_REASON_ICMP_HEARD);
    } else if (said->kind == TCP_ICMP_TOO_BIG) {
        uint32_t floor = tcp_mtu_floor(tcp, conn);
        uint32_t mtu = said->mtu_bytes < floor ? floor : said->mtu_bytes;
        tcp_mtu_lower_on_told(tcp, conn, mtu, said->seq, now_ns);
    } else {
        take_unreachable(tcp, conn, said, now_ns);
    }
}
