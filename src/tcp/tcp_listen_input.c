// SPDX-License-Identifier: MIT
//
// A segment for a listener: RFC 9293 §3.10.7.2. A SYN begins a handshake, of which the SYN cache
// keeps a stub or nothing at all; an acknowledgment may bring a cookie back. The listener itself
// never changes.
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_handshake.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_syncache.h"

static enum tcp_verdict refuse(struct tcp *tcp, struct tcp_segment *seg, enum synfin_reason reason,
                               uint64_t now_ns)
{
    if (!tcp_stray_may_reset(tcp, &seg->arrival->src, now_ns)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_LIMIT);
    }
    tcp_closed_input_reset(tcp, seg, 0, SYNFIN_REASON_SEND_RST_LISTEN_ACK);
    return tcp_segment_drop(seg, reason);
}

enum tcp_verdict tcp_listen_input_refuse(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns)
{
    return refuse(tcp, seg, SYNFIN_REASON_DROP_COOKIE, now_ns);
}

static enum tcp_verdict take_ack(struct tcp *tcp, struct tcp_conn *listener,
                                 struct tcp_segment *seg, struct tcp_conn **out, uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN) && tcp_handshake_may_be_cookie(tcp, now_ns)) {
        return tcp_syncache_take_cookie(tcp, listener, seg, out, now_ns);
    }
    return refuse(tcp, seg, SYNFIN_REASON_DROP_LISTEN_NOTHING, now_ns);
}

enum tcp_verdict tcp_listen_input(struct tcp *tcp, struct tcp_conn *listener,
                                  struct tcp_segment *seg, struct tcp_conn **out, uint64_t now_ns)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_LISTEN);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        return take_ack(tcp, listener, seg, out, now_ns);
    }
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_LISTEN_NOTHING);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_FIN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_TCP_FLAGS);
    }
    enum tcp_verdict verdict = tcp_fastopen_conn_open(tcp, listener, seg, now_ns);
    return verdict != TCP_VERDICT_GO_ON ? verdict : tcp_syncache_open(tcp, listener, seg, now_ns);
}
