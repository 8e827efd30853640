// SPDX-License-Identifier: MIT
//
// What to send again, and when: fast retransmit and NewReno's fast recovery (RFC 5681 §3.2,
// RFC 6582), limited transmit (RFC 3042), and going back after a timeout. How much may be in
// flight is congestion control's business; the artificial inflation of the window while
// duplicates come in is kept here, apart from the congestion window.
#include "base/check.h"
#include "tcp/tcp_cwv.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_pace.h"

enum { LIMITED_SEGMENTS = 2 };

static struct tcp_cc_loss loss_of(const struct tcp_conn *conn, uint64_t now_ns)
{
    return (struct tcp_cc_loss){
        .flight_bytes = tcp_linux_flight_to_cut(conn, tcp_output_flight(conn)),
        .mss_bytes = conn->snd.mss,
        .has_sack = conn->loss != NULL,
        .moves_by_segments = tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUBIC_STEPS),
        .now_ns = now_ns,
    };
}

// RFC 6582 §3.2 step 2, RFC 6675 §5.
void tcp_recovery_enter(struct tcp *tcp, struct tcp_conn *conn, uint32_t flight_bytes,
                        enum synfin_reason reason, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    struct tcp_cc_loss loss = loss_of(conn, now_ns);
    // RFC 5681 §3.2 step 2: without what limited transmit has sent beyond the window.
    flight_bytes = tcp_linux_flight_to_cut(conn, flight_bytes);
    loss.flight_bytes = tcp_cc_smaller(flight_bytes, tcp_ecn_window(conn));
    recovery->recover = conn->snd.nxt;
    recovery->has_recover = true;
    recovery->is_active = true;
    recovery->limited = 0;
    conn->cc.ops->on_loss(&conn->cc, &loss);
    tcp_ecn_on_loss(conn);
    tcp_trace_congestion(tcp, conn, reason, now_ns);
}

// RFC 5681 §3.2: the window is inflated at most as often as segments are outstanding. What goes
// because it was inflated is not one of them, or forged duplicates would let a segment go each,
// without end.
static void limit_inflation(struct tcp_conn *conn)
{
    struct tcp_recovery *recovery = &conn->recovery;
    uint32_t flight = tcp_output_flight(conn);
    uint32_t there = flight > recovery->inflation_bytes ? flight - recovery->inflation_bytes : 0;
    uint32_t segments = (there + conn->snd.mss - 1) / conn->snd.mss;
    recovery->inflations_left = (uint16_t)tcp_cc_smaller(segments, UINT16_MAX);
}

// Step 3.
void tcp_recovery_begin_inflation(struct tcp_conn *conn)
{
    conn->recovery.inflation_bytes = conn->set.reordering_segments * (uint32_t)conn->snd.mss;
    limit_inflation(conn);
}

// Step 4.
void tcp_recovery_inflate(struct tcp_conn *conn)
{
    struct tcp_recovery *recovery = &conn->recovery;
    if (recovery->inflations_left > 0) {
        recovery->inflations_left--;
        recovery->inflation_bytes += conn->snd.mss;
    }
}

// Without SACK the segment at SND.UNA is taken for the lost one.
static void enter(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_recovery_enter(tcp, conn, tcp_output_flight(conn), SYNFIN_REASON_CC_FAST_RETRANSMIT,
                       now_ns);
    conn->recovery.needs_resend = true;
    tcp_recovery_begin_inflation(conn);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_FAST_RETRANSMIT;
}

void tcp_recovery_on_duplicate_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    tcp_frto_on_duplicate(conn);
    if (seq_lt(conn->snd.resend, conn->snd.nxt)) {
        tcp_output_want(tcp, conn);
        return; // going back after a timeout: the duplicates are of its making
    }
    if (recovery->dup_acks < UINT16_MAX) {
        recovery->dup_acks++;
    }
    if (tcp_mtu_takes_duplicate(tcp, conn, now_ns)) {
        tcp_output_want(tcp, conn);
        return;
    }
    if (recovery->is_active) {
        tcp_recovery_inflate(conn);
    } else if (recovery->dup_acks < conn->set.reordering_segments) {
        recovery->limited = (uint8_t)(recovery->dup_acks < LIMITED_SEGMENTS ? recovery->dup_acks
                                                                            : LIMITED_SEGMENTS);
    } else if (!recovery->has_recover) {
        enter(tcp, conn, now_ns);
    }
    tcp_output_want(tcp, conn);
}

// RFC 6582 §3.2 step 3, full acknowledgment. Proportional rate reduction leaves nothing to guard
// against: cwnd becomes ssthresh, RFC 9937 §6, RFC 6675 §5.
void tcp_recovery_leave(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_cc_loss at_exit = loss_of(conn, now_ns);
    if (conn->loss != NULL) {
        at_exit.flight_bytes = conn->cc.ssthresh_bytes;
    }
    conn->recovery.is_active = false;
    conn->recovery.needs_resend = false;
    conn->recovery.inflation_bytes = 0;
    conn->cc.ops->on_recovered(&conn->cc, &at_exit);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_RECOVERED, now_ns);
}

// Partial acknowledgment: the next hole goes at once, and the window is deflated by what left.
static void go_on(struct tcp_conn *conn, uint32_t acked_bytes)
{
    struct tcp_recovery *recovery = &conn->recovery;
    uint32_t deflated =
        recovery->inflation_bytes > acked_bytes ? recovery->inflation_bytes - acked_bytes : 0;
    recovery->inflation_bytes = deflated + (acked_bytes >= conn->snd.mss ? conn->snd.mss : 0);
    limit_inflation(conn);
    recovery->needs_resend = true;
    conn->pending.resend_reason = SYNFIN_REASON_SEND_PARTIAL_ACK;
}

// A round trip has passed when what was sent first in it is acknowledged. It ends when more is
// sent and not before, so that a burst of acknowledgments is judged by what caused it.
void tcp_recovery_on_sent(struct tcp_conn *conn)
{
    struct tcp_recovery *recovery = &conn->recovery;
    uint32_t flight = tcp_output_flight(conn);
    uint32_t ahead = seq_distance(conn->snd.una, recovery->round_end);
    bool is_over = ahead == 0 || ahead > seq_distance(conn->snd.una, conn->snd.nxt);
    if (is_over) {
        recovery->round_end = conn->snd.nxt;
    }
    bool is_full = flight + conn->snd.mss > conn->cc.cwnd_bytes;
    if (is_over || flight > recovery->flight_peak_bytes) {
        recovery->flight_peak_bytes = flight;
    }
    recovery->was_full = is_full || (recovery->was_full && !is_over);
}

// RFC 6582 §3.2 step 2: an acknowledgment that covers more than `recover` makes the next
// duplicates news. `recover` is then forgotten, for half the circle later it would lie ahead again.
void tcp_recovery_forget_recover(struct tcp_conn *conn)
{
    if (!conn->recovery.is_active && seq_gt(conn->snd.una, conn->recovery.recover)) {
        conn->recovery.has_recover = false;
    }
}

// RFC 9406 §4.2: the round that tcp_recovery_on_sent began ends once.
static bool ends_round(const struct tcp_conn *conn, uint32_t acked_bytes)
{
    struct seq end = conn->recovery.round_end;
    return seq_lt(seq_sub(conn->snd.una, acked_bytes), end) && seq_ge(conn->snd.una, end);
}

static bool is_app_limited(const struct tcp_conn *conn, uint32_t flight_bytes)
{
    bool has_unsent = seq_lt(conn->snd.nxt, tcp_output_end(conn));
    return !has_unsent && flight_bytes + conn->snd.mss <= conn->cc.cwnd_bytes;
}

static struct tcp_cc_ack ack_of(const struct tcp_conn *conn, uint32_t acked_bytes, uint64_t rtt_ns,
                                uint64_t now_ns)
{
    uint32_t flight = tcp_output_flight(conn);
    return (struct tcp_cc_ack){
        .acked_bytes = acked_bytes,
        .marked_bytes = conn->ecn.marked_bytes,
        .flight_bytes = flight,
        .mss_bytes = conn->snd.mss,
        .is_limited_by_cwnd = tcp_cwv_is_validated(conn),
        .is_app_limited = is_app_limited(conn, flight),
        .is_round_end = ends_round(conn, acked_bytes),
        .is_paced = tcp_pace_is_on(conn),
        .has_plain_hystart = tcp_linux_has(conn, SYNFIN_LINUX_WAY_HYSTART),
        .moves_by_segments = tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUBIC_STEPS),
        .counts_all = tcp_linux_has(conn, SYNFIN_LINUX_WAY_COUNT_DELIVERED),
        // RFC 3168 §6.1.2: nor by an acknowledgment with a mark.
        .is_recovering = conn->recovery.is_active || conn->ecn.marked_bytes > 0,
        .rtt_ns = rtt_ns,
        .srtt_ns = conn->rtt.srtt_ns,
        .rtt_min_ns = conn->rtt.min_ns,
        .delivered_bytes = conn->totals.bytes_acked,
        .now_ns = now_ns,
    };
}

void tcp_recovery_grow(struct tcp_conn *conn, uint32_t acked_bytes, uint64_t rtt_ns,
                       uint64_t now_ns)
{
    struct tcp_cc_ack ack = ack_of(conn, acked_bytes, rtt_ns, now_ns);
    conn->cc.ops->on_ack(&conn->cc, &ack);
    tcp_cwv_on_ack(conn, ack.is_limited_by_cwnd, now_ns);
}

void tcp_recovery_deliver(struct tcp_conn *conn, const struct tcp_rate_sample *sample,
                          uint64_t now_ns)
{
    if (conn->cc.ops->on_delivered == NULL || sample->acked_bytes == 0) {
        return;
    }
    struct tcp_cc_ack ack = ack_of(conn, sample->acked_bytes, sample->rtt_ns, now_ns);
    ack.rate = sample;
    if (conn->loss != NULL) {
        ack.flight_bytes = tcp_scoreboard_pipe(&conn->loss->board);
        ack.is_limited_by_cwnd = sample->is_cwnd_limited;
    }
    if (conn->cc.ops->on_delivered(&conn->cc, &ack)) {
        tcp_rate_limit(conn);
    }
}

// After a timeout recovery is over when what was in flight then is acknowledged.
static bool ends_timeout(const struct tcp_conn *conn, uint32_t acked_bytes)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    return conn->cc.ops->governs_recovery && recovery->has_recover
           && seq_ge(conn->snd.una, recovery->recover)
           && seq_lt(seq_sub(conn->snd.una, acked_bytes), recovery->recover);
}

void tcp_recovery_on_ack(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes,
                         uint64_t rtt_ns, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    tcp_rate_check_dry(conn);
    uint32_t reported = recovery->dup_acks * (uint32_t)conn->snd.mss;
    uint32_t delivered = acked_bytes > reported ? acked_bytes - reported : conn->snd.mss;
    recovery->dup_acks = 0;
    recovery->limited = 0;
    if (tcp_frto_on_ack(conn)) {
        tcp_undo_take_back(tcp, conn, acked_bytes, SYNFIN_REASON_CC_UNDO_FRTO, now_ns);
    }
    tcp_recovery_grow(conn, tcp_linux_growth(conn, acked_bytes, delivered), rtt_ns, now_ns);
    if ((recovery->is_active && seq_ge(conn->snd.una, recovery->recover))
        || ends_timeout(conn, acked_bytes)) {
        tcp_recovery_leave(tcp, conn, now_ns);
    } else if (recovery->is_active) {
        go_on(conn, acked_bytes);
    } else if (tcp_mtu_has_more_lost(conn)) {
        enter(tcp, conn, now_ns);
    }
    tcp_recovery_forget_recover(conn);
    struct tcp_rate_sample sample;
    tcp_rate_on_acked_plainly(conn, acked_bytes, now_ns, &sample);
    tcp_recovery_deliver(conn, &sample, now_ns);
}

// RFC 9293 §3.8.2 [MUST-19], RFC 6298 §5.4 and RFC 6582 §4: what is in flight is taken for lost and
// goes again from SND.UNA as the window allows, unless F-RTO finds out after the first segment that
// it was not; duplicates of what was sent before start no fast retransmit.
void tcp_recovery_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    struct tcp_cc_loss loss = loss_of(conn, now_ns);
    tcp_rate_check_dry(conn);
    tcp_frto_on_timeout(conn, tcp_loss_is_repairing(conn));
    if (conn->retries == 1) { // RFC 5681 §3.1: ssthresh only for the first of a row
        tcp_undo_watch(conn, true);
        conn->cc.ops->on_timeout(&conn->cc, &loss);
        tcp_ecn_on_loss(conn);
        tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_TIMEOUT, now_ns);
    }
    tcp_pace_forget(conn);
    recovery->recover = conn->snd.nxt;
    recovery->has_recover = true;
    recovery->is_active = false;
    recovery->needs_resend = false;
    recovery->inflation_bytes = 0;
    recovery->dup_acks = 0;
    recovery->limited = 0;
    if (conn->loss != NULL) {
        tcp_loss_on_timeout(tcp, conn, now_ns);
    } else {
        conn->snd.resend = conn->snd.una;
    }
    conn->pending.resend_reason = SYNFIN_REASON_SEND_TIMEOUT;
}
