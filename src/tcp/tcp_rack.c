// SPDX-License-Identifier: MIT
//
// What is lost, by time (RFC 8985 §6): a segment that was sent before another one that has arrived,
// and long enough ago, is lost. "Long enough" is a round trip and the reordering that this path has
// shown.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"

enum {
    REO_PERSIST = 16, // recoveries after which the window shrinks back, step 4
    REO_MULT_MAX = 64,
};

// RFC 8985 §6.2 steps 1 and 2. What was sent again counts only when it cannot have been the first
// transmission that arrived; else what was sent once does. Behind a hole the echo says nothing: it
// stands still until the hole is filled (RFC 7323 §4.3).
void tcp_rack_update(struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_delivery *delivery, uint64_t now_ns)
{
    struct tcp_rack *rack = &conn->loss->rack;
    uint64_t sent_ns = delivery->newest_sent_ns;
    struct seq right = delivery->newest_right;
    if (!delivery->has_newest) {
        return;
    }
    bool has_echo = seq_le(right, conn->snd.una);
    if (delivery->newest_resends > 0
        && ((has_echo && tcp_undo_is_older_echo(conn, seg, tcp_paws_now(conn, sent_ns)))
            || deadline_age(sent_ns, now_ns) < conn->rtt.min_ns)) {
        if (delivery->once_sent_ns == SYNFIN_NEVER) {
            return;
        }
        sent_ns = delivery->once_sent_ns;
        right = delivery->once_right;
    }
    rack->rtt_ns = deadline_age(sent_ns, now_ns);
    if (sent_ns == delivery->once_sent_ns) {
        tcp_rtt_note(conn, rack->rtt_ns, now_ns);
    }
    if (!rack->is_set || sent_ns > rack->xmit_ns
        || (sent_ns == rack->xmit_ns && seq_gt(right, rack->end))) {
        rack->is_set = true;
        rack->xmit_ns = sent_ns;
        rack->end = right;
    }
}

// RFC 2883 §4: the first block says what arrived twice when it lies below the acknowledgment, or
// within the second block. What was acknowledged longer ago than a window is no news of this
// connection.
bool tcp_rack_has_dsack(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    const struct wire_tcp *h = &seg->h;
    if (h->sack_blocks == 0 || !seq_lt(h->sack[0].left, h->sack[0].right)
        || seq_lt(h->sack[0].left, seq_sub(h->ack, conn->snd.wnd_max))) {
        return false;
    }
    if (seq_lt(h->sack[0].left, h->ack)) {
        return true;
    }
    return h->sack_blocks > 1 && seq_ge(h->sack[0].left, h->sack[1].left)
           && seq_le(h->sack[0].right, h->sack[1].right);
}

// Step 4: duplicates say that what was late was not lost. The window widens by one quarter of the
// round trip each round trip that shows any, and shrinks after some recoveries without.
void tcp_rack_adapt(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_recovery *recovery = &conn->recovery;
    if (!conn->set.has_adaptive_reordering) {
        return;
    }
    if (recovery->has_dsack_round && seq_lt(conn->snd.una, recovery->dsack_round)) {
        return;
    }
    recovery->has_dsack_round = false;
    if (tcp_rack_has_dsack(conn, seg)) {
        recovery->has_dsack_round = true;
        recovery->dsack_round = conn->snd.nxt;
        recovery->reo_wnd_persist = REO_PERSIST;
        if (recovery->reo_wnd_mult < REO_MULT_MAX) {
            recovery->reo_wnd_mult++;
        }
    }
}

void tcp_rack_forget_duplicates(struct tcp_recovery *recovery)
{
    if (recovery->reo_wnd_persist > 0 && --recovery->reo_wnd_persist == 0) {
        recovery->reo_wnd_mult = 0;
    }
}

// RACK.segs_sacked. Neighbours are joined on the scoreboard, so that segments are counted as they
// are acknowledged, and guessed from their octets when SND.UNA moves.
void tcp_rack_count(struct tcp_conn *conn, const struct tcp_delivery *delivery, bool is_moved)
{
    struct tcp_loss *loss = conn->loss;
    uint32_t mss = conn->snd.mss;
    if (is_moved) {
        loss->sacked_segments = (loss->board.sacked_bytes + mss - 1) / mss;
    } else if (delivery->sacked_bytes > 0) {
        loss->sacked_segments += (delivery->sacked_bytes + mss - 1) / mss;
    }
}

// §6.2 step 4: without reordering, DupThresh segments beyond are enough. Without a sample of the
// round trip what RACK has seen stands for it.
uint64_t tcp_rack_window(const struct tcp_conn *conn)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    const struct tcp_loss *loss = conn->loss;
    if (!recovery->has_seen_reordering
        && (tcp_loss_is_repairing(conn)
            || loss->sacked_segments >= conn->set.reordering_segments)) {
        return 0;
    }
    bool is_timed = conn->rtt.srtt_ns > 0;
    uint64_t min_ns = is_timed ? conn->rtt.min_ns : loss->rack.rtt_ns;
    uint64_t window_ns = (UINT64_C(1) + recovery->reo_wnd_mult) * min_ns / 4;
    return deadline_min(window_ns, is_timed ? conn->rtt.srtt_ns : min_ns);
}

// Step 5. What is not old enough yet is looked at again when it is.
uint32_t tcp_rack_detect(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    const struct tcp_rack *rack = &conn->loss->rack;
    uint64_t remaining_ns = 0;
    if (!rack->is_set) {
        return 0;
    }
    uint64_t wait_ns = rack->rtt_ns + tcp_rack_window(conn);
    uint32_t lost = tcp_scoreboard_mark_lost_by_time(&conn->loss->board, rack->xmit_ns, rack->end,
                                                     wait_ns, now_ns, &remaining_ns);
    tcp_timer_on_reordering(tcp, conn, remaining_ns > 0 ? remaining_ns + tcp_linux_late(conn) : 0,
                            now_ns);
    return lost;
}

// What went last may still be on its way; the first segment is what the timer was about. Without a
// round trip to go by all of it is lost, RFC 9293 §3.8.2 [MUST-19].
void tcp_rack_on_timeout(struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    uint64_t remaining_ns;
    if (!loss->rack.is_set) {
        tcp_scoreboard_mark_lost_all(&loss->board);
        return;
    }
    uint64_t wait_ns = loss->rack.rtt_ns + tcp_rack_window(conn);
    tcp_scoreboard_mark_lost_by_time(&loss->board, UINT64_MAX, conn->snd.nxt, wait_ns, now_ns,
                                     &remaining_ns);
    tcp_scoreboard_mark_lost_first(&loss->board, conn->snd.mss);
}
