// SPDX-License-Identifier: MIT
//
// Taking back what was no loss. Three things show it:
//
//     Eifel (RFC 3522)    the echo of a time before the retransmission: at the first ACK of it
//     F-RTO (RFC 5682)    after a timeout, at the second ACK; tcp_frto.c
//     D-SACK (RFC 3708)   all that was sent again arrived twice: a round trip later, the last of
//                         it when nothing may be in flight any more
//
// The response (RFC 4015) gives back what was cut, and what was taken for lost is in flight again.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

// What is on its way a second time already, as a tail-loss probe, will be reported too.
void tcp_undo_watch(struct tcp_conn *conn, bool is_timeout)
{
    struct tcp_undo *undo = &conn->undo;
    undo->left = conn->snd.una;
    undo->right = conn->snd.nxt;
    undo->resent_bytes = conn->loss != NULL ? conn->loss->board.resent_bytes : 0;
    undo->is_watching = true;
    undo->was_timeout = is_timeout;
    if (conn->loss != NULL) {
        conn->loss->may_undo = true;
        conn->loss->has_first_resend = false;
    }
}

void tcp_undo_on_resent(struct tcp_conn *conn, struct seq seq, uint32_t bytes, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    if (!loss->has_first_resend) {
        loss->first_resend = seq;
        loss->has_first_resend = true;
        loss->first_resend_ts = tcp_paws_now(conn, now_ns);
    }
    if (conn->undo.is_watching && seq_ge(seq, conn->undo.left) && seq_lt(seq, conn->undo.right)) {
        conn->undo.resent_bytes += bytes;
    }
}

// What this answers was sent before that time.
bool tcp_undo_is_older_echo(const struct tcp_conn *conn, const struct tcp_segment *seg, uint32_t ts)
{
    return conn->uses_timestamps && seg->h.has_timestamps && (int32_t)(seg->h.ts_ecr - ts) < 0;
}

// RFC 3522 §3.2: the first acknowledgment of what was sent again echoes a time before that: it was
// the first transmission that arrived.
bool tcp_undo_is_spurious(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_loss *loss = conn->loss;
    if (!loss->may_undo || !loss->has_first_resend || seq_le(conn->snd.una, loss->first_resend)) {
        return false;
    }
    loss->may_undo = false;
    if (tcp_undo_is_older_echo(conn, seg, loss->first_resend_ts)) {
        return true;
    }
    if (conn->uses_timestamps && seg->h.has_timestamps) {
        conn->undo.frto = TCP_FRTO_OFF; // it was the copy: no need to find out another way
    }
    return false;
}

// RFC 3708 §3: octets are counted as they go again and as they are reported. What is sent again
// twice and reported once leaves something over, and nothing is undone.
bool tcp_undo_is_all_duplicate(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_undo *undo = &conn->undo;
    if (!undo->is_watching || undo->resent_bytes == 0 || !tcp_rack_has_dsack(conn, seg)
        || seq_lt(seg->h.sack[0].left, undo->left) || seq_gt(seg->h.sack[0].right, undo->right)) {
        return false;
    }
    uint32_t bytes = seq_distance(seg->h.sack[0].left, seg->h.sack[0].right);
    undo->resent_bytes = undo->resent_bytes > bytes ? undo->resent_bytes - bytes : 0;
    return undo->resent_bytes == 0;
}

// What was late is reordering, unless the timer found it. The rest of it gets its time: what RACK
// knows of the round trip may be that of a copy.
static void put_back_in_flight(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    tcp_scoreboard_undo_lost(&loss->board);
    loss->may_undo = false;
    tcp_timer_on_reordering(tcp, conn, tcp_rack_window(conn), now_ns);
}

void tcp_undo_take_back(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes,
                        enum synfin_reason reason, uint64_t now_ns)
{
    bool was_timeout = conn->undo.was_timeout;
    struct tcp_recovery *recovery = &conn->recovery;
    recovery->is_active = false;
    recovery->has_recover = false;
    recovery->has_seen_reordering = recovery->has_seen_reordering || !was_timeout;
    conn->undo.is_watching = false;
    conn->undo.frto = TCP_FRTO_OFF;
    if (conn->loss != NULL) {
        put_back_in_flight(tcp, conn, now_ns);
    }
    struct tcp_cc_undo undo = {
        .was_timeout = was_timeout,
        .flight_bytes =
            conn->loss != NULL ? tcp_scoreboard_pipe(&conn->loss->board) : tcp_output_flight(conn),
        .acked_bytes = acked_bytes,
        .mss_bytes = conn->snd.mss,
        .initial_segments = tcp->config.initial_window_segments,
    };
    conn->cc.ops->on_undo(&conn->cc, &undo);
    if (was_timeout) {
        tcp_rtt_on_spurious(conn);
    }
    tcp_trace_congestion(tcp, conn, reason, now_ns);
    tcp_output_want(tcp, conn);
}
