// SPDX-License-Identifier: MIT
//
// The fifth step of RFC 9293 §3.10.7.4: what a segment acknowledges. What is acceptable is
// RFC 5961 §5.2's narrower range; what follows is SND.UNA, the window, recovery and congestion
// control, and the state changes that an acknowledged SYN or FIN brings.
#include "base/check.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_record.h"
#include "tcp/tcp_time_wait.h"

// RFC 5961 §5.2, RFC 9293 §3.10.7.4 [MAY-12]: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT.
static bool is_plausible(const struct tcp_conn *conn, struct seq ack)
{
    struct seq oldest = seq_sub(conn->snd.una, conn->snd.wnd_max);
    return seq_ge(ack, oldest) && seq_le(ack, conn->snd.nxt);
}

static void drop_acked_data(struct tcp *tcp, struct tcp_conn *conn, struct seq ack)
{
    uint32_t before = conn->send.bytes;
    uint32_t acked = seq_distance(tcp_output_base(conn), ack);
    uint32_t bytes = acked < before ? acked : before; // the FIN is no octet of the stream
    stream_drop(&conn->send, &tcp->chunks, bytes);
    conn->totals.bytes_acked += bytes;
}

void tcp_ack_advance(struct tcp *tcp, struct tcp_conn *conn, struct seq ack, uint64_t now_ns)
{
    ASSERT(seq_lt(conn->snd.una, ack) && seq_le(ack, conn->snd.nxt));
    tcp_rtt_on_acked(conn, ack, now_ns);
    drop_acked_data(tcp, conn, ack);
    if (conn->fastopen != TCP_FASTOPEN_NONE) {
        tcp_fastopen_conn_release(tcp, conn);
    }
    conn->is_syn_acked = true;
    conn->snd.una = ack;
    conn->snd.resend = seq_max(conn->snd.resend, ack);
    tcp_calls_data_on_room(tcp, conn);
    if (conn->has_urgent_out && seq_ge(ack, conn->snd.up)) {
        conn->has_urgent_out = false;
    }
    if (conn->records != NULL) {
        tcp_record_drop_acked(tcp, conn);
    }
    conn->retries = 0;
    conn->probes = 0;
    conn->pending.is_held = false;
    conn->soft_error = SYNFIN_ERROR_OK; // what a router said is no longer so
    conn->icmp.version = 0;
    tcp_timer_on_acked(tcp, conn, now_ns);
    tcp_mtu_on_acked(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
}

// RFC 9293 §3.1 [MUST-1, REC-1]: unsigned, and kept in 32 bits. RFC 7323 §2.2: that of a SYN is not
// scaled.
static uint32_t offered_window(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    bool is_syn = tcp_segment_has(seg, SYNFIN_TCP_SYN) || seg->was_syn;
    return (uint32_t)seg->h.window << (is_syn ? 0 : conn->snd.wscale_shift);
}

// RFC 9293 §3.10.7.4: SND.WL1 and SND.WL2 keep old segments from updating the window, which may
// also shrink (RFC 9293 §3.8.6 [MUST-34]).
// DEVIATES RFC 9293 §3.10.7.4: a segment that acknowledges more than the last update did is newer
// whatever its sequence number, because a retransmission carries an old number and a new window.
// Without this SND.UNA would move and the window, which counts from there, would stay: octets would
// go beyond the right edge.
void tcp_ack_update_window(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    bool is_newer = seq_lt(conn->snd.wl1, seg->h.seq) || seq_lt(conn->snd.wl2, seg->h.ack)
                    || (seq_eq(conn->snd.wl1, seg->h.seq) && seq_eq(conn->snd.wl2, seg->h.ack));
    if (!is_newer) {
        return;
    }
    conn->snd.wnd = offered_window(conn, seg);
    conn->snd.wl1 = seq_max(conn->snd.wl1, seg->h.seq);
    conn->snd.wl2 = seg->h.ack;
    if (conn->snd.wnd > conn->snd.wnd_max) {
        conn->snd.wnd_max = conn->snd.wnd;
    }
    conn->snd.edge = seq_max(conn->snd.edge, seq_add(seg->h.ack, conn->snd.wnd));
}

// RFC 5681 §2: no data, no SYN or FIN, the greatest acknowledgment so far, and the same window.
static bool is_repetition(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    return tcp_segment_len(seg) == 0 && !seg->was_probe && seq_eq(seg->h.ack, conn->snd.una)
           && offered_window(conn, seg) == conn->snd.wnd;
}

// Acknowledges what the last one did.
static void take_old(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                     uint64_t now_ns)
{
    if (conn->loss == NULL && tcp_undo_is_all_duplicate(conn, seg)) {
        tcp_undo_take_back(tcp, conn, 0, SYNFIN_REASON_CC_UNDO_DSACK, now_ns);
    }
    if (!is_repetition(conn, seg)) {
        return;
    }
    bool is_duplicate = seq_lt(conn->snd.una, conn->snd.nxt); // something is outstanding
    if (is_duplicate) {
        seg->reason = SYNFIN_REASON_RECEIVED_DUPLICATE_ACK;
    }
    if (conn->loss != NULL) {
        tcp_loss_on_duplicate(tcp, conn, seg, now_ns);
    } else if (is_duplicate) {
        tcp_recovery_on_duplicate_ack(tcp, conn, now_ns);
    }
}

// New data is acknowledged.
static void take_new(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                     uint64_t now_ns)
{
    uint32_t acked = seq_distance(conn->snd.una, seg->h.ack);
    uint64_t rtt_ns = tcp_rtt_of_ack(conn, seg, now_ns);
    tcp_rtt_on_echo(conn, seg, now_ns);
    tcp_ack_advance(tcp, conn, seg->h.ack, now_ns);
    if (conn->loss != NULL) {
        tcp_loss_on_ack(tcp, conn, seg, &(struct tcp_news){acked, rtt_ns}, now_ns);
    } else {
        tcp_ecn_on_ack(tcp, conn, seg, &(struct tcp_ecn_news){acked, acked}, now_ns);
        tcp_recovery_on_ack(tcp, conn, acked, rtt_ns, now_ns);
    }
    seg->reason = SYNFIN_REASON_RECEIVED_ACK;
    if (conn->is_send_blocked) {
        tcp_autotune_on_full(tcp, conn, now_ns);
        tcp_calls_data_on_room(tcp, conn);
    }
}

static void take_window(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                        uint64_t now_ns)
{
    uint32_t before = conn->snd.wnd;
    tcp_ack_update_window(conn, seg);
    if (conn->snd.wnd == before) {
        return;
    }
    if (seg->reason == SYNFIN_REASON_UNKNOWN) {
        seg->reason = SYNFIN_REASON_RECEIVED_WINDOW;
    }
    if (conn->snd.wnd > before) {
        tcp_timer_on_window_open(tcp, conn, now_ns);
    }
    tcp_output_want(tcp, conn);
}

// ESTABLISHED and the states that process an ACK like it. An old one moves nothing, but what it
// says by SACK is as true as when it left (RFC 6675 §5: Update() for each), and its text counts.
static enum tcp_verdict take_ack(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                 uint64_t now_ns)
{
    if (!is_plausible(conn, seg->h.ack)) {
        bool is_unsent = seq_gt(seg->h.ack, conn->snd.nxt);
        tcp_challenge_send(
            tcp, conn, is_unsent ? SYNFIN_REASON_SEND_ACK_UNSENT : SYNFIN_REASON_SEND_CHALLENGE_ACK,
            now_ns);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
    }
    conn->totals.ack_received_ns = now_ns;
    tcp_timer_on_received(tcp, conn, now_ns);
    bool is_old = seq_lt(seg->h.ack, conn->snd.una);
    if (seq_gt(seg->h.ack, conn->snd.una)) {
        take_new(tcp, conn, seg, now_ns);
    } else if (conn->loss != NULL && seg->h.sack_blocks > 0) {
        seg->reason = SYNFIN_REASON_RECEIVED_SACK;
        tcp_loss_on_ack(tcp, conn, seg, &(struct tcp_news){0, 0}, now_ns);
    } else if (!is_old) {
        tcp_ecn_on_ack(tcp, conn, seg, &(struct tcp_ecn_news){0, 0}, now_ns);
        take_old(tcp, conn, seg, now_ns);
    }
    if (!is_old) {
        take_window(tcp, conn, seg, now_ns);
    }
    return TCP_VERDICT_GO_ON;
}

// The SYN beside the acknowledgment is not acceptable any more, and such a segment is answered: a
// peer that has missed our SYN+ACK need not wait until it sends its own again.
static void answer_crossed_syn(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_linux_report_syn(conn);
    tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_HANDSHAKE_ACK);
}

// SYN-RECEIVED: the third segment of the handshake.
static enum tcp_verdict complete_handshake(struct tcp *tcp, struct tcp_conn *conn,
                                           struct tcp_segment *seg, uint64_t now_ns)
{
    if (seq_le(seg->h.ack, conn->snd.una) || seq_gt(seg->h.ack, conn->snd.nxt)) {
        tcp_closed_input_reset(tcp, seg, conn->number, SYNFIN_REASON_SEND_RST_BAD_HANDSHAKE_ACK);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
    }
    conn->snd.wl1 = seq_sub(seg->h.seq, 1); // so that this segment's window counts
    seg->reason = SYNFIN_REASON_RECEIVED_HANDSHAKE_ACK;
    tcp_open_established(tcp, conn, SYNFIN_REASON_SYN_IS_ACKED, now_ns);
    if (seg->was_syn) {
        answer_crossed_syn(tcp, conn);
    }
    tcp_ack_advance(tcp, conn, seg->h.ack, now_ns);
    tcp_ecn_on_handshake_ack(tcp, conn, seg, now_ns);
    tcp_fastopen_conn_send_rest(tcp, conn, now_ns);
    tcp_ack_update_window(conn, seg);
    if (conn->loss != NULL && seg->h.sack_blocks > 0) {
        tcp_loss_on_ack(tcp, conn, seg, &(struct tcp_news){0, 0}, now_ns);
    }
    tcp_close_deferred(tcp, conn, now_ns);
    return TCP_VERDICT_GO_ON;
}

static bool fin_is_acked(const struct tcp_conn *conn)
{
    return conn->fin_sent && seq_eq(conn->snd.una, conn->snd.nxt);
}

static enum tcp_verdict take_ack_of_fin(struct tcp *tcp, struct tcp_conn *conn,
                                        struct tcp_segment *seg, uint64_t now_ns)
{
    const enum synfin_reason cause = SYNFIN_REASON_FIN_IS_ACKED;
    if (!fin_is_acked(conn)) {
        return TCP_VERDICT_GO_ON;
    }
    if (conn->state == SYNFIN_TCP_STATE_FIN_WAIT_1) {
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_FIN_WAIT_2, cause, now_ns);
        tcp_timer_on_orphan(tcp, conn, now_ns);
    } else if (conn->state == SYNFIN_TCP_STATE_CLOSING) {
        tcp_time_wait_enter(tcp, conn, cause, now_ns);
    } else if (conn->state == SYNFIN_TCP_STATE_LAST_ACK) {
        tcp_life_end(tcp, conn, SYNFIN_ERROR_OK, cause, now_ns);
        return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_ACK);
    }
    return TCP_VERDICT_GO_ON;
}

enum tcp_verdict tcp_ack_check(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                               uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_ACK);
    }
    enum tcp_verdict verdict = conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED
                                   ? complete_handshake(tcp, conn, seg, now_ns)
                                   : take_ack(tcp, conn, seg, now_ns);
    if (verdict != TCP_VERDICT_GO_ON) {
        return verdict;
    }
    tcp_paws_update(conn, seg, now_ns);
    return take_ack_of_fin(tcp, conn, seg, now_ns);
}
