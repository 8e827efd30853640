// SPDX-License-Identifier: MIT
//
// What to send next. A device with room asks; the first of these that has something answers:
//
//     SYN -> owed duplicate ACKs -> fast retransmit -> going back after a timeout
//         -> new data and FIN -> window probe -> keep-alive -> acknowledgment
//
// Each choice is a plan: sequence number, octets, flags and the reason. The plan is emitted
// (tcp_emit.c) and then booked here: the only place where SND.NXT moves.
#include "base/check.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_chrono.h"
#include "tcp/tcp_cwv.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_pace.h"
#include "tcp/tcp_record.h"
#include "tcp/tcp_sack.h"
#include "tcp/tcp_time_wait.h"

enum { HEADERS_MAX = 40 + 20 + 40 }; // IPv6, TCP and its options

void tcp_output_want(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!conn->is_ready && !conn->is_parked) {
        list_push_back(&tcp->ready[conn->path.iface], &conn->ready);
        conn->is_ready = true;
    }
}

void tcp_output_acknowledge(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason)
{
    conn->pending.ack_reason = (uint16_t)reason;
    tcp_output_want(tcp, conn);
}

void tcp_output_forget(struct tcp *tcp, struct tcp_conn *conn)
{
    (void)tcp;
    list_remove(&conn->ready);
    conn->is_ready = conn->is_parked = false;
}

struct seq tcp_output_base(const struct tcp_conn *conn)
{
    return conn->is_syn_acked ? conn->snd.una : seq_add(conn->iss, 1);
}

struct seq tcp_output_end(const struct tcp_conn *conn)
{
    return seq_add(tcp_output_base(conn), conn->send.bytes);
}

// RFC 9293 §3.8.6.2.1: U = SND.UNA + SND.WND - SND.NXT, counted from what goes next; nothing when
// the peer took its window back (RFC 9293 §3.8.6 [MUST-34, SHLD-15]).
uint32_t tcp_output_room(const struct tcp_conn *conn)
{
    struct seq base = tcp_output_base(conn); // the window is for octets; a SYN takes none of it
    uint32_t flight = seq_distance(seq_min(base, conn->snd.resend), conn->snd.resend);
    return conn->snd.wnd > flight ? conn->snd.wnd - flight : 0;
}

void tcp_output_go_back(struct tcp_conn *conn)
{
    if (conn->loss != NULL) {
        tcp_loss_go_back(conn);
    } else {
        conn->snd.resend = conn->snd.una;
    }
}

uint32_t tcp_output_congestion_room(const struct tcp_conn *conn)
{
    if (conn->loss != NULL) {
        return tcp_loss_room(conn);
    }
    if (conn->undo.frto == TCP_FRTO_NEW) {
        return tcp_frto_room(conn);
    }
    const struct tcp_recovery *recovery = &conn->recovery;
    uint32_t flight = tcp_output_flight(conn);
    uint32_t window = conn->cc.cwnd_bytes + recovery->inflation_bytes
                      + recovery->limited * (uint32_t)conn->snd.mss;
    return window > flight ? window - flight : 0;
}

// Payload octets of one segment, with room left for SACK blocks (RFC 6691 §2).
uint32_t tcp_output_segment_bytes(const struct tcp_conn *conn)
{
    uint32_t options = tcp_emit_option_bytes(conn);
    uint32_t timestamps = conn->uses_timestamps ? 12 : 0;
    uint32_t extra = options - timestamps;
    return conn->snd.mss > extra ? conn->snd.mss - extra : 1;
}

static bool choose_syn(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                       uint64_t now_ns)
{
    if (!seq_eq(conn->snd.resend, conn->iss) || tcp_fastopen_conn_is_waiting(conn)) {
        return false;
    }
    bool is_answer = conn->state != SYNFIN_TCP_STATE_SYN_SENT;
    plan->kind = TCP_PLAN_SYN;
    plan->seq = conn->iss;
    plan->flags = SYNFIN_TCP_SYN | (is_answer ? SYNFIN_TCP_ACK : 0);
    plan->is_again = seq_lt(conn->iss, conn->snd.nxt);
    plan->reason = is_answer ? SYNFIN_REASON_SEND_SYN_ACK : SYNFIN_REASON_SEND_SYN;
    if (plan->is_again && conn->pending.resend_reason == SYNFIN_REASON_SEND_TIMEOUT) {
        plan->reason = is_answer ? SYNFIN_REASON_SEND_SYN_ACK_AGAIN : SYNFIN_REASON_SEND_SYN_AGAIN;
    } else if (plan->is_again) {
        plan->reason = conn->pending.resend_reason;
    } else if (!is_answer) {
        tcp_fastopen_conn_plan_syn(tcp, conn, plan, now_ns);
    } else if (tcp_fastopen_conn_is_taken(conn)) {
        plan->reason = SYNFIN_REASON_SEND_SYN_ACK_OF_DATA;
    }
    return true;
}

struct seq tcp_output_place(const struct tcp_conn *conn)
{
    return conn->is_syn_acked && conn->snd.wnd == 0 ? conn->snd.una : conn->snd.nxt;
}

static bool choose_owed_ack(const struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (conn->pending.extra_acks == 0) {
        return false;
    }
    plan->kind = TCP_PLAN_ACK;
    plan->seq = tcp_output_place(conn);
    plan->flags = SYNFIN_TCP_ACK;
    plan->reason = SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER;
    return true;
}

// One segment of what was sent before, from `seq` on and at most `limit` octets.
static bool plan_again(const struct tcp_conn *conn, struct tcp_plan *plan, struct seq seq,
                       uint32_t limit)
{
    struct seq sent_end = seq_min(conn->snd.nxt, tcp_output_end(conn));
    uint32_t sent = seq_lt(seq, sent_end) ? seq_distance(seq, sent_end) : 0;
    plan->seq = seq;
    plan->bytes = tcp_cc_smaller(sent, tcp_cc_smaller(tcp_output_segment_bytes(conn), limit));
    plan->bytes = tcp_record_trim(conn, seq, plan->bytes);
    plan->flags = SYNFIN_TCP_ACK;
    plan->reason = conn->pending.resend_reason;
    plan->is_again = true;
    bool reaches_end = seq_eq(seq_add(seq, plan->bytes), tcp_output_end(conn));
    bool is_pushed = reaches_end || tcp_record_ends(conn, seq, plan->bytes)
                     || tcp_linux_is_pushed(conn, seq_add(seq, plan->bytes));
    if (is_pushed && plan->bytes > 0) {
        plan->flags |= SYNFIN_TCP_PSH;
    }
    if (reaches_end && conn->fin_sent) {
        plan->flags |= SYNFIN_TCP_FIN;
    }
    return plan->bytes > 0 || (plan->flags & SYNFIN_TCP_FIN) != 0;
}

static bool choose_fast(struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (!conn->recovery.needs_resend) {
        return false;
    }
    plan->kind = TCP_PLAN_FAST;
    if (conn->snd.wnd > 0 && seq_lt(conn->snd.una, conn->snd.nxt)
        && plan_again(conn, plan, conn->snd.una, conn->snd.wnd)) {
        return true;
    }
    conn->recovery.needs_resend = false;
    return false;
}

// Within the peer's window, shrunk or not: RFC 9293 §3.8.6 [SHLD-16].
static bool choose_resend(const struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (seq_eq(conn->snd.resend, conn->snd.nxt)) {
        return false;
    }
    uint32_t room = tcp_output_room(conn);
    plan->kind = TCP_PLAN_RESEND;
    if (room == 0 || !plan_again(conn, plan, conn->snd.resend, room)) {
        return false;
    }
    // Whole segments within the congestion window, RFC 5681 §2; the first may always go.
    return plan->bytes <= tcp_output_congestion_room(conn) || tcp_output_flight(conn) == 0;
}

// Whether something lost waits to be sent again.
static bool has_lost(const struct tcp_conn *conn)
{
    return conn->loss != NULL && conn->loss->board.lost_bytes > 0;
}

// Whether a segment that is not full-sized may go: RFC 9293 §3.8.6.2.1 [MUST-38] and Nagle's
// algorithm, RFC 9293 §3.7.4 [SHLD-7, MUST-17]. The end of a record is as good as (1), the largest
// segment: it can grow no more.
static bool may_be_small(const struct tcp_conn *conn, uint32_t bytes, bool is_all)
{
    bool is_corked = conn->set.has_cork || conn->pending.is_held;
    if (tcp_record_ends(conn, conn->snd.nxt, bytes) && !(is_corked && is_all)) {
        return true;
    }
    if (conn->pending.push_small) {
        return true; // (4) the override timeout
    }
    if (!is_all) {
        return bytes >= conn->snd.wnd_max / 2; // (3) Fs = 1/2 of the largest window
    }
    if (conn->snd_closed || conn->pending.push_corked || tcp_frto_wants_new(conn)) {
        return true; // RFC 5682 §2.1 step 2b: Nagle's algorithm may be overridden for F-RTO
    }
    if (conn->has_urgent_out && seq_gt(conn->snd.up, conn->snd.nxt)) {
        return true; // what is urgent waits for nobody, as in all BSDs
    }
    bool is_idle = seq_le(conn->snd.nxt, tcp_output_base(conn)); // a SYN in flight is no data
    bool may_go = is_idle || conn->set.has_nodelay || tcp_linux_may_be_small(conn);
    return !is_corked && may_go; // (2)
}

// As much as one packet can carry: one segment, or whole segments of a super-packet, whose length
// with all its headers fits an IP datagram: RFC 9293 §3.9.1.2 [SHLD-28]. An urgent pointer counts
// from its own segment and a duplicate is reported once; what splits packets knows neither.
static uint32_t trim_to_packet(const struct tcp_conn *conn, uint32_t bytes)
{
    uint32_t mss = tcp_output_segment_bytes(conn);
    uint32_t most = tcp_cc_smaller(conn->path.gso_bytes, SYNFIN_PACKET_MAX);
    bool is_super = most > HEADERS_MAX + mss && !conn->has_urgent_out && !tcp_sack_has_again(conn)
                    && !tcp_ecn_needs_single(conn);
    uint32_t burst = tcp_cc_smaller(tcp_pace_quantum(conn), tcp_linux_burst(conn));
    burst = tcp_cc_smaller(burst, tcp_linux_to_chunk_end(conn));
    burst = tcp_cc_larger(burst, mss);
    most = is_super ? tcp_cc_smaller(most - HEADERS_MAX, burst) / mss * mss : mss;
    bytes = tcp_record_trim(conn, conn->snd.nxt, tcp_cc_smaller(bytes, most));
    return bytes > mss ? bytes - bytes % mss : bytes;
}

// As much of a burst as the window lets go again; its last segments apart are no burst.
static void extend_to_burst(const struct tcp_conn *conn, struct tcp_plan *plan, uint32_t limit)
{
    uint32_t room = tcp_cc_smaller(limit, tcp_output_congestion_room(conn));
    uint32_t bytes = trim_to_packet(conn, room);
    struct seq end = seq_add(plan->seq, bytes);
    if (bytes > plan->bytes && seq_le(end, tcp_output_end(conn))
        && (plan->flags & SYNFIN_TCP_FIN) == 0) {
        bool has_fin = conn->fin_sent && seq_eq(end, tcp_output_end(conn));
        plan->bytes = bytes;
        plan->flags |= SYNFIN_TCP_PSH | (has_fin ? SYNFIN_TCP_FIN : 0);
    }
}

// The lowest lost octets, within the peer's window and the congestion window; one segment may
// always go when nothing else is in flight, and when the timer demands it.
static bool choose_lost(const struct tcp_conn *conn, struct tcp_plan *plan)
{
    struct tcp_scoreboard *board = &conn->loss->board;
    const struct tcp_span *span = tcp_scoreboard_first_lost(board);
    uint32_t ahead = seq_distance(conn->snd.una, span->left);
    if (conn->snd.wnd <= ahead) {
        return false;
    }
    uint32_t limit = tcp_cc_smaller(conn->snd.wnd - ahead, seq_distance(span->left, span->right));
    plan->kind = TCP_PLAN_LOST;
    bool is_planned = plan_again(conn, plan, span->left, limit);
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_RESEND_BURSTS)) {
        extend_to_burst(conn, plan, limit);
    }
    return is_planned
           && (plan->bytes <= tcp_output_congestion_room(conn) || tcp_scoreboard_pipe(board) == 0
               || plan->reason == SYNFIN_REASON_SEND_TIMEOUT);
}

uint32_t tcp_output_unsent(const struct tcp_conn *conn)
{
    struct seq next = seq_max(conn->snd.nxt, tcp_output_base(conn));
    struct seq end = tcp_output_end(conn);
    return seq_lt(next, end) ? seq_distance(next, end) : 0;
}

bool tcp_output_is_corked(const struct tcp_conn *conn)
{
    bool is_corked = conn->set.has_cork || conn->pending.is_held;
    if (!is_corked || !conn->is_syn_acked || conn->snd_closed) {
        return false;
    }
    uint32_t unsent = tcp_output_unsent(conn);
    return unsent > 0 && unsent < tcp_output_segment_bytes(conn) && unsent <= tcp_output_room(conn);
}

void tcp_output_uncork(struct tcp *tcp, struct tcp_conn *conn)
{
    if (tcp_output_is_corked(conn)) {
        conn->pending.push_corked = true;
        tcp_output_want(tcp, conn);
    }
}

static bool has_unsent(const struct tcp_conn *conn)
{
    return seq_lt(conn->snd.nxt, tcp_output_end(conn)) || (conn->snd_closed && !conn->fin_sent);
}

// RFC 3042 §2: what duplicates let go beyond the window. A scoreboard needs no counter for that:
// what is SACKED has left the pipe (RFC 6675 §5 step C).
static bool is_limited_transmit(const struct tcp_conn *conn, uint32_t bytes)
{
    if (conn->loss == NULL) {
        return conn->recovery.limited > 0;
    }
    return conn->loss->board.sacked_bytes > 0 && !tcp_loss_is_repairing(conn)
           && tcp_output_flight(conn) + bytes > conn->cc.cwnd_bytes;
}

// Nothing waits for a PUSH, and the last octet pushed carries PSH:
// RFC 9293 §3.9.1.2 [MUST-60, MUST-61, MAY-16, SHLD-27].
static bool choose_new(const struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (!seq_eq(conn->snd.resend, conn->snd.nxt) || !has_unsent(conn)) {
        return false;
    }
    uint32_t room = tcp_output_room(conn);
    uint32_t unsent = seq_distance(conn->snd.nxt, tcp_output_end(conn));
    uint32_t allowed = tcp_cc_smaller(room, tcp_output_congestion_room(conn));
    uint32_t bytes = trim_to_packet(conn, tcp_cc_smaller(unsent, allowed));
    bool is_all = bytes == unsent;
    bool has_fin = is_all && conn->snd_closed && room > bytes;
    if (bytes < tcp_output_segment_bytes(conn) && !has_fin
        && (bytes == 0 || !may_be_small(conn, bytes, is_all))) {
        return false;
    }
    plan->kind = TCP_PLAN_NEW;
    plan->seq = conn->snd.nxt;
    plan->bytes = bytes;
    plan->flags = SYNFIN_TCP_ACK;
    plan->reason = tcp_ecn_owes_cwr(&conn->ecn) && bytes > 0 ? SYNFIN_REASON_SEND_DATA_CWR
                                                             : SYNFIN_REASON_SEND_DATA;
    bool is_burst =
        bytes > tcp_output_segment_bytes(conn) && tcp_linux_has(conn, SYNFIN_LINUX_WAY_PUSH_BURSTS);
    struct seq end = seq_add(plan->seq, bytes);
    bool is_pushed = seq_eq(end, conn->snd.pushed) || tcp_linux_is_pushed(conn, end)
                     || tcp_record_ends(conn, plan->seq, bytes);
    if ((is_pushed && bytes > 0) || is_burst) {
        plan->flags |= SYNFIN_TCP_PSH;
    }
    if (has_fin) {
        plan->flags |= SYNFIN_TCP_FIN;
        plan->reason = SYNFIN_REASON_SEND_FIN;
    } else if (conn->undo.frto == TCP_FRTO_NEW) {
        plan->reason = SYNFIN_REASON_SEND_FRTO;
    } else if (is_limited_transmit(conn, bytes)) {
        plan->reason = SYNFIN_REASON_SEND_LIMITED_TRANSMIT;
    }
    return true;
}

// RFC 9293 §3.8.6.1 [MUST-36]: at least one octet, or the FIN when there is nothing else. The
// window is shut: tcp_timer_on_window_open takes back a probe that is not needed any more.
static bool choose_probe(struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (!conn->pending.probe) {
        return false;
    }
    conn->pending.probe = false;
    if (seq_eq(conn->snd.una, conn->snd.nxt) && !has_unsent(conn)) {
        return false; // what waited is acknowledged
    }
    plan->kind = TCP_PLAN_PROBE;
    plan->seq = conn->snd.una;
    plan->bytes = conn->send.bytes > 0 ? 1 : 0;
    plan->flags = SYNFIN_TCP_ACK | (plan->bytes == 0 ? SYNFIN_TCP_FIN : 0);
    plan->reason = SYNFIN_REASON_SEND_WINDOW_PROBE;
    plan->is_again = seq_lt(conn->snd.una, conn->snd.nxt);
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_EMPTY_PROBES)) {
        plan->seq = seq_sub(conn->snd.una, 1);
        plan->bytes = 0;
        plan->flags = SYNFIN_TCP_ACK;
    }
    return true;
}

// RFC 9293 §3.8.4 [MUST-26, SHLD-12]: SEG.SEQ = SND.NXT - 1, no data, and not beside what was sent
// since the timer fired.
static bool choose_keepalive(struct tcp_conn *conn, struct tcp_plan *plan)
{
    bool is_due = conn->pending.keepalive && seq_eq(conn->snd.una, conn->snd.nxt);
    conn->pending.keepalive = false;
    if (!is_due) {
        return false;
    }
    plan->kind = TCP_PLAN_KEEPALIVE;
    plan->seq = seq_sub(conn->snd.nxt, 1);
    plan->flags = SYNFIN_TCP_ACK;
    plan->reason = SYNFIN_REASON_SEND_KEEPALIVE;
    return true;
}

// Chosen when the device asks, so that a burst of segments is processed before any of it is
// acknowledged: RFC 9293 §3.10.7.4 [MUST-58, MUST-59].
static bool choose_ack(const struct tcp_conn *conn, struct tcp_plan *plan)
{
    if (conn->pending.ack_reason == 0) {
        return false;
    }
    plan->kind = TCP_PLAN_ACK;
    plan->seq = tcp_output_place(conn);
    plan->flags = SYNFIN_TCP_ACK;
    plan->reason = conn->pending.ack_reason;
    return true;
}

// The last segment again, if the peer has not taken that part of its window back.
static bool plan_tail_again(const struct tcp_conn *conn, struct tcp_plan *plan, uint32_t mss)
{
    struct seq last = tcp_tail_last(conn, mss);
    return plan_again(conn, plan, last, mss)
           && seq_distance(conn->snd.una, last) + plan->bytes <= conn->snd.wnd;
}

// RFC 8985 §7.3: new octets, for which the congestion window need not have room, or the last
// segment again.
static bool choose_tail_probe(struct tcp_conn *conn, struct tcp_plan *plan)
{
    bool is_due = conn->pending.tail_probe && tcp_tail_may_probe(conn);
    conn->pending.tail_probe = false; // an answer may have come before the probe could leave
    if (!is_due) {
        return false;
    }
    uint32_t mss = tcp_output_segment_bytes(conn);
    uint32_t unsent = tcp_output_is_corked(conn) ? 0 : tcp_output_unsent(conn);
    if (unsent > 0 && tcp_output_room(conn) >= tcp_cc_smaller(unsent, mss)) {
        plan->seq = conn->snd.nxt;
        plan->bytes = tcp_record_trim(conn, plan->seq, tcp_cc_smaller(unsent, mss));
        bool is_pushed = plan->bytes == unsent || tcp_record_ends(conn, plan->seq, plan->bytes);
        plan->flags = SYNFIN_TCP_ACK | (is_pushed ? SYNFIN_TCP_PSH : 0);
    } else if (!plan_tail_again(conn, plan, mss)) {
        return false;
    }
    plan->kind = TCP_PLAN_TAIL;
    plan->reason = SYNFIN_REASON_SEND_TAIL_PROBE;
    return true;
}

static bool choose_data(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                        uint64_t now_ns)
{
    if (tcp_frto_wants_new(conn)) {
        if (choose_new(conn, plan)) {
            return true;
        }
        tcp_frto_on_nothing_new(conn);
        *plan = (struct tcp_plan){0};
    }
    if (choose_fast(conn, plan) || choose_resend(conn, plan)) {
        return true;
    }
    if (has_lost(conn)) { // before anything new: RFC 6675 §4, NextSeg
        *plan = (struct tcp_plan){0};
        return choose_lost(conn, plan) || choose_probe(conn, plan);
    }
    if (choose_tail_probe(conn, plan)) {
        return true;
    }
    *plan = (struct tcp_plan){0};
    if (has_unsent(conn) && tcp_output_room(conn) > 0) {
        tcp_cwv_before_data(tcp, conn, now_ns);
    }
    if (conn->mtu != NULL
        && tcp_mtu_plan(tcp, conn, plan, tcp_output_congestion_room(conn), now_ns)) {
        return true;
    }
    return choose_new(conn, plan) || choose_probe(conn, plan);
}

// Probes of the window and of the tail answer to timers, and an end without data is no burst.
static bool is_paced(const struct tcp_plan *plan)
{
    return plan->bytes > 0 && plan->kind != TCP_PLAN_PROBE && plan->kind != TCP_PLAN_TAIL;
}

// `held_ns`: how long data must wait for their turn at the pace; 0: nothing is held.
static bool choose(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan, uint64_t *held_ns,
                   uint64_t now_ns)
{
    *held_ns = 0;
    *plan = (struct tcp_plan){0};
    if (!conn->is_syn_acked && choose_syn(tcp, conn, plan, now_ns)) {
        return true;
    }
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        return false; // nothing else may leave before the peer's SYN is known
    }
    if (choose_owed_ack(conn, plan) || (tcp_ecn_needs_pure_ack(conn) && choose_ack(conn, plan))) {
        return true;
    }
    *plan = (struct tcp_plan){0};
    bool may_send = conn->is_syn_acked || tcp_fastopen_conn_is_taken(conn);
    if (may_send && choose_data(tcp, conn, plan, now_ns)) {
        *held_ns = is_paced(plan) ? tcp_pace_wait(conn, now_ns) : 0;
        if (*held_ns == 0) {
            return true;
        }
    }
    *plan = (struct tcp_plan){0};
    return choose_keepalive(conn, plan) || choose_ack(conn, plan);
}

static bool is_for_timeout(const struct tcp_plan *plan)
{
    return plan->reason == SYNFIN_REASON_SEND_TIMEOUT
           || plan->reason == SYNFIN_REASON_SEND_BLACK_HOLE;
}

static void book_sequence(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    uint32_t length =
        plan->bytes + ((plan->flags & SYNFIN_TCP_SYN) != 0) + ((plan->flags & SYNFIN_TCP_FIN) != 0);
    struct seq end = seq_add(plan->seq, length);
    bool was_sending_new = seq_eq(conn->snd.resend, conn->snd.nxt);
    conn->fin_sent = conn->fin_sent || (plan->flags & SYNFIN_TCP_FIN) != 0;
    conn->snd.nxt = seq_max(conn->snd.nxt, end);
    if (plan->kind == TCP_PLAN_LOST || (plan->kind == TCP_PLAN_TAIL && plan->is_again)) {
        if (is_for_timeout(plan)) {
            conn->pending.resend_reason = SYNFIN_REASON_SEND_AFTER_TIMEOUT;
        }
    } else if (plan->kind == TCP_PLAN_PROBE && conn->loss == NULL) {
        conn->snd.resend = conn->snd.una; // refused, until the peer says otherwise
    } else if (plan->kind == TCP_PLAN_FAST) {
        conn->recovery.needs_resend = false;
    } else if (was_sending_new) {
        conn->snd.resend = conn->snd.nxt;
        tcp_recovery_on_sent(conn);
        tcp_frto_on_sent(conn, plan->bytes);
    } else {
        conn->snd.resend = seq_max(conn->snd.resend, end);
        if (is_for_timeout(plan)) {
            conn->pending.resend_reason = SYNFIN_REASON_SEND_AFTER_TIMEOUT;
        }
    }
    // RFC 7413 §4.2.2: a SYN+ACK goes again alone; data that followed the first one wait for an
    // answer to it.
    if (plan->kind == TCP_PLAN_SYN && tcp_fastopen_conn_is_taken(conn)) {
        conn->snd.resend = conn->snd.nxt;
    }
}

static void book_totals(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                        uint64_t now_ns)
{
    tcp->segments_out++;
    conn->totals.segments_out++;
    if (plan->bytes > 0) {
        conn->totals.data_segments_out++;
        conn->totals.data_sent_ns = now_ns;
    }
    if (plan->is_again) {
        tcp->segments_retransmitted++;
        conn->totals.retransmits++;
        conn->totals.bytes_retransmitted += plan->bytes;
    } else {
        tcp->octets_out += plan->bytes;
        conn->totals.bytes_sent += plan->bytes;
        if (plan->bytes > 0) {
            tcp_linux_on_data_sent(conn, tcp->config.delayed_ack_ns, now_ns);
            tcp_linux_on_new(conn, plan);
        }
    }
}

static void book_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan)
{
    if ((plan->flags & SYNFIN_TCP_ACK) == 0) {
        return;
    }
    conn->rcv.acked = conn->rcv.nxt;
    conn->rcv.unacked_bytes = 0;
    if (plan->kind == TCP_PLAN_ACK && conn->pending.extra_acks > 0) {
        conn->pending.extra_acks--;
    } else {
        conn->pending.ack_reason = 0;
    }
    tcp_timer_on_ack_sent(tcp, conn);
    tcp_linux_on_ack_sent(conn);
}

static void count_up(uint8_t *counter)
{
    if (*counter < UINT8_MAX) {
        (*counter)++;
    }
}

static void book(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                 uint64_t now_ns)
{
    tcp_rtt_on_sent(conn, plan, now_ns);
    book_totals(tcp, conn, plan, now_ns);
    tcp_pace_on_sent(conn, plan->bytes, now_ns);
    book_ack(tcp, conn, plan);
    switch (plan->kind) {
    case TCP_PLAN_ACK:
    case TCP_PLAN_KEEPALIVE: break;
    case TCP_PLAN_PROBE:
        if (seq_ge(plan->seq, conn->snd.una)) {
            tcp_loss_on_sent(tcp, conn, plan, now_ns);
            book_sequence(conn, plan);
        }
        count_up(&conn->probes);
        count_up(&conn->unanswered);
        tcp_timer_on_probe_sent(tcp, conn, now_ns);
        break;
    case TCP_PLAN_SYN:
    case TCP_PLAN_NEW:
    case TCP_PLAN_FAST:
    case TCP_PLAN_RESEND:
    case TCP_PLAN_LOST:
    case TCP_PLAN_TAIL:
    case TCP_PLAN_MTU_PROBE:
        tcp_timer_on_sent(tcp, conn, now_ns); // before the probe's timer, which goes by it
        if (plan->kind == TCP_PLAN_LOST && seq_eq(plan->seq, conn->snd.una)) {
            tcp_timer_on_repaired(tcp, conn, now_ns);
        }
        if (conn->is_syn_acked) {
            tcp_loss_on_sent(tcp, conn, plan, now_ns);
        }
        book_sequence(conn, plan);
        conn->pending.push_small = conn->pending.push_corked = false;
        tcp_mtu_on_sent(tcp, conn, plan, now_ns);
        break;
    }
}

// What keeps the sender from sending: its user, the peer, or the path.
static enum tcp_chrono_kind limit_of(const struct tcp_conn *conn)
{
    uint32_t wanted = tcp_cc_smaller(tcp_output_unsent(conn), conn->snd.mss);
    if (conn->send.bytes == 0) {
        return TCP_CHRONO_IDLE;
    }
    if (wanted > 0 && tcp_output_room(conn) < wanted
        && tcp_output_congestion_room(conn) >= wanted) {
        return TCP_CHRONO_PEER_WINDOW;
    }
    return wanted == 0 && conn->is_send_blocked ? TCP_CHRONO_SEND_BUFFER : TCP_CHRONO_BUSY;
}

// Something may wait that no acknowledgment will let go: a timer must.
static void note_why_not(struct tcp *tcp, struct tcp_conn *conn, uint64_t held_ns, uint64_t now_ns)
{
    bool is_waiting = has_unsent(conn) || has_lost(conn) || seq_lt(conn->snd.resend, conn->snd.nxt);
    tcp_timer_on_asked(conn);
    if (held_ns > 0) {
        tcp_timer_on_paced(tcp, conn, held_ns, now_ns);
    } else if (tcp_output_is_corked(conn)) {
        tcp_timer_on_corked(tcp, conn, now_ns);
    } else if (conn->is_syn_acked && is_waiting) {
        tcp_timer_on_blocked(tcp, conn, now_ns);
    }
}

bool tcp_output(struct tcp *tcp, struct tcp_conn *conn, struct synfin_packet *packet,
                uint64_t now_ns)
{
    struct tcp_plan plan;
    uint64_t held_ns;
    if (!choose(tcp, conn, &plan, &held_ns, now_ns)) {
        note_why_not(tcp, conn, held_ns, now_ns);
        if (conn->is_send_blocked && tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS)) {
            tcp_linux_grow_buffer(conn, tcp_autotune_send_max(tcp, conn));
            tcp_calls_data_on_room(tcp, conn);
        }
        tcp_chrono_set(conn, limit_of(conn), now_ns);
        tcp_output_forget(tcp, conn);
        if (conn->state == SYNFIN_TCP_STATE_TIME_WAIT) {
            tcp_time_wait_shrink(tcp, conn, now_ns);
        }
        return false;
    }
    tcp_emit(tcp, conn, &plan, packet, now_ns);
    book(tcp, conn, &plan, now_ns);
    if (conn->set.notsent_lowat_bytes > 0) {
        tcp_calls_data_on_room(tcp, conn);
    }
    return true;
}
