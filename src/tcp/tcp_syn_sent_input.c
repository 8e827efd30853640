// SPDX-License-Identifier: MIT
//
// A segment while our SYN is out: RFC 9293 §3.10.7.3, state SYN-SENT. Text and FIN that come with
// a SYN+ACK are taken, for the handshake is then complete; those that come with a crossed SYN are
// left for the peer to send again.
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"

static bool acknowledges_syn(const struct tcp_conn *conn, struct seq ack)
{
    return seq_within(ack, seq_add(conn->iss, 1), seq_distance(conn->iss, conn->snd.nxt));
}

// First: an ACK must acknowledge our SYN, and no more than was sent: nothing, or data with the SYN
// (RFC 7413 §4.2.2).
static enum tcp_verdict check_ack(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_ACK) || acknowledges_syn(conn, seg->h.ack)) {
        return TCP_VERDICT_GO_ON;
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_SYN_SENT);
    }
    tcp_closed_input_reset(tcp, seg, conn->number, SYNFIN_REASON_SEND_RST_BAD_HANDSHAKE_ACK);
    bool has_gone = seq_gt(conn->snd.nxt, conn->iss); // and can have been challenged
    if (!has_gone || conn->retries > 0 || tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
    }
    // A challenge from a peer that still holds the pair (TIME-WAIT or half-open): the reset just
    // queued clears it, and our SYN goes again at once instead of after a timeout.
    conn->snd.resend = conn->iss;
    conn->pending.resend_reason = SYNFIN_REASON_SEND_SYN_AFTER_CHALLENGE;
    conn->retries++;
    tcp_output_want(tcp, conn);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
}

// Second: RST. Only with an acceptable ACK does it speak of our SYN.
static enum tcp_verdict check_rst(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_SYN_SENT);
    }
    tcp_life_end(tcp, conn, SYNFIN_ERROR_REFUSED, SYNFIN_REASON_SYN_REFUSED, now_ns);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_RST);
}

// CHECK_ECHO.
static enum tcp_verdict check_echo(struct tcp *tcp, const struct tcp_conn *conn,
                                   struct tcp_segment *seg, uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_ACK) || !tcp_linux_refuses_echo(conn, seg, now_ns)) {
        return TCP_VERDICT_GO_ON;
    }
    tcp_closed_input_reset(tcp, seg, conn->number, SYNFIN_REASON_SEND_RST_BAD_HANDSHAKE_ACK);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
}

static enum tcp_verdict take_syn_ack(struct tcp *tcp, struct tcp_conn *conn,
                                     struct tcp_segment *seg, uint64_t now_ns)
{
    bool has_data_acked = seq_gt(seg->h.ack, seq_add(conn->iss, 1));
    tcp_fastopen_conn_on_syn_ack(tcp, conn, seg, now_ns);
    tcp_ack_advance(tcp, conn, seg->h.ack, now_ns);
    tcp_fastopen_conn_send_rest(tcp, conn, now_ns);
    conn->snd.wl2 = seg->h.ack;
    // The window counts from what is acknowledged, which may be more than our SYN.
    conn->snd.edge = seq_max(conn->snd.edge, seq_add(seg->h.ack, conn->snd.wnd));
    conn->pending.ack_reason = SYNFIN_REASON_SEND_HANDSHAKE_ACK;
    conn->totals.ack_received_ns = now_ns;
    tcp_open_established(tcp, conn, SYNFIN_REASON_SYN_ACK_ARRIVED, now_ns);
    tcp_ecn_on_syn_ack(tcp, conn, seg, now_ns);
    tcp_linux_on_syn_ack(conn);
    tcp_close_deferred(tcp, conn, now_ns);
    seg->reason =
        has_data_acked ? SYNFIN_REASON_RECEIVED_SYN_ACK_OF_DATA : SYNFIN_REASON_RECEIVED_SYN_ACK;
    tcp_segment_take_syn_off(seg);
    return tcp_text_take(tcp, conn, seg, now_ns);
}

// Both ends sent a SYN: ours goes again as SYN+ACK. RFC 9293 §3.5 [MUST-10].
static enum tcp_verdict take_crossed_syn(struct tcp *tcp, struct tcp_conn *conn,
                                         struct tcp_segment *seg, uint64_t now_ns)
{
    tcp_ecn_on_crossed_syn(conn, seg);
    conn->snd.resend = conn->iss;
    conn->pending.resend_reason = SYNFIN_REASON_SEND_SYN_ACK;
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_CROSSED, now_ns);
    tcp_output_want(tcp, conn);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN_CROSSED);
}

enum tcp_verdict tcp_syn_sent_input(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                    uint64_t now_ns)
{
    enum tcp_verdict verdict = check_ack(tcp, conn, seg);
    if (verdict == TCP_VERDICT_GO_ON) {
        verdict = check_rst(tcp, conn, seg, now_ns);
    }
    if (verdict == TCP_VERDICT_GO_ON) {
        verdict = check_echo(tcp, conn, seg, now_ns);
    }
    if (verdict != TCP_VERDICT_GO_ON) {
        return verdict;
    }
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_SYN_SENT_NOTHING);
    }
    bool has_ack = tcp_segment_has(seg, SYNFIN_TCP_ACK);
    if (!has_ack && tcp_segment_has(seg, SYNFIN_TCP_FIN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_TCP_FLAGS);
    }
    tcp_open_take_syn(tcp, conn, seg, now_ns);
    return has_ack ? take_syn_ack(tcp, conn, seg, now_ns)
                   : take_crossed_syn(tcp, conn, seg, now_ns);
}
