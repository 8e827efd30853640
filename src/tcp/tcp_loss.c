// SPDX-License-Identifier: MIT
//
// What is lost, by time: a segment that was sent before another one that has arrived, and long
// enough ago, is lost. "Long enough" is a round trip and the reordering that this path has shown.
//
//     ACK -> scoreboard -> RACK: newest delivered -> reordering window -> what is older is LOST
//                                                        \-> not old enough yet: reordering timer
//         -> recovery begins, goes on or ends -> PRR: how much may go for this acknowledgment
#include "tcp/tcp_loss.h"

#include "base/check.h"
#include "tcp/tcp_internal.h"

enum {
    SPANS_MAX = 1 << 16, // of a connection
    DUP_THRESH = 3,   // RFC 8985 §6.2 step 4: without reordering, three segments beyond are enough
    REO_PERSIST = 16, // recoveries after which the window shrinks back, step 4
    REO_MULT_MAX = 64,
};

static bool is_recovering(const struct tcp_conn *conn)
{
    return conn->recovery.is_active;
}

// The window is cut once for all that was in flight when a loss was found.
// DEVIATES RFC 5681 §4.3: a retransmission that is lost in its turn does not cut it once more.
bool tcp_loss_is_repairing(const struct tcp_conn *conn)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    return recovery->is_active
           || (recovery->has_recover && seq_lt(conn->snd.una, recovery->recover));
}

// Life

static struct tcp_loss *create(struct tcp *tcp, struct tcp_conn *conn)
{
    struct tcp_loss *loss = slab_pool_take(&tcp->losses, NULL);
    if (loss != NULL) {
        tcp_scoreboard_init(&loss->board, &tcp->spans, SPANS_MAX, entropy_next(&tcp->entropy),
                            conn->snd.nxt);
        conn->loss = loss;
    }
    return loss;
}

void tcp_loss_free(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->loss != NULL) {
        tcp_scoreboard_clear(&conn->loss->board);
        slab_pool_give(&tcp->losses, conn->loss);
        conn->loss = NULL;
    }
}

// Sending

static void note_resend(struct tcp_loss *loss, const struct tcp_conn *conn, struct seq seq,
                        uint64_t now_ns)
{
    if (!loss->has_first_resend) {
        loss->first_resend = seq;
        loss->has_first_resend = true;
        loss->first_resend_ts = tcp_paws_now(conn, now_ns);
    }
}

static void spend(struct tcp_loss *loss, uint32_t bytes)
{
    struct tcp_prr *prr = &loss->prr;
    prr->out_bytes += bytes;
    prr->allowed_bytes = prr->allowed_bytes > bytes ? prr->allowed_bytes - bytes : 0;
}

// A flight that begins with nothing outstanding gets a scoreboard; without memory it goes without,
// and its losses are found by the timer.
void tcp_loss_on_sent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                      uint64_t now_ns)
{
    static const struct tcp_send_snapshot none;
    struct tcp_loss *loss = conn->loss;
    if (loss == NULL && conn->uses_sack && seq_eq(conn->snd.una, conn->snd.nxt)) {
        loss = create(tcp, conn);
    }
    if (loss == NULL) {
        return;
    }
    uint32_t length = plan->bytes + ((plan->flags & SYNFIN_TCP_FIN) != 0);
    struct seq end = seq_add(plan->seq, length);
    struct seq nxt = loss->board.nxt;
    if (seq_lt(plan->seq, nxt)) {
        tcp_scoreboard_resent(&loss->board, plan->seq, seq_min(end, nxt), now_ns, &none);
        note_resend(loss, conn, plan->seq, now_ns);
    }
    if (seq_gt(end, nxt)
        && !tcp_scoreboard_sent(&loss->board, seq_max(plan->seq, nxt), end, now_ns, &none)) {
        tcp_loss_free(tcp, conn);
        return;
    }
    if (plan->kind == TCP_PLAN_PROBE) { // refused, until the peer says otherwise
        tcp_scoreboard_mark_lost_all(&loss->board);
    }
    if (plan->kind == TCP_PLAN_TAIL) {
        tcp_tail_on_sent(conn, plan);
    }
    spend(loss, length);
    tcp_tail_schedule(tcp, conn, now_ns);
}

uint32_t tcp_loss_room(const struct tcp_conn *conn)
{
    const struct tcp_loss *loss = conn->loss;
    uint32_t pipe = tcp_scoreboard_pipe(&loss->board);
    if (is_recovering(conn)) {
        return loss->prr.allowed_bytes;
    }
    return conn->cc.cwnd_bytes > pipe ? conn->cc.cwnd_bytes - pipe : 0;
}

// RACK

// What this answers was sent before that time.
static bool is_older_echo(const struct tcp_conn *conn, const struct tcp_segment *seg, uint32_t ts)
{
    return conn->uses_timestamps && seg->h.has_timestamps && (int32_t)(seg->h.ts_ecr - ts) < 0;
}

// RFC 8985 §6.2 steps 1 and 2. What was sent again counts only when it cannot have been the first
// transmission that arrived; else what was sent once does. Behind a hole the echo says nothing: it
// stands still until the hole is filled (RFC 7323 §4.3).
static void update_rack(struct tcp_conn *conn, const struct tcp_segment *seg,
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
        && ((has_echo && is_older_echo(conn, seg, tcp_paws_now(conn, sent_ns)))
            || deadline_age(sent_ns, now_ns) < conn->rtt.min_ns)) {
        if (delivery->once_sent_ns == SYNFIN_NEVER) {
            return;
        }
        sent_ns = delivery->once_sent_ns;
        right = delivery->once_right;
    }
    rack->rtt_ns = deadline_age(sent_ns, now_ns);
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
static bool has_dsack(const struct tcp_conn *conn, const struct tcp_segment *seg)
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
static void adapt_window(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_recovery *recovery = &conn->recovery;
    if (recovery->has_dsack_round && seq_lt(conn->snd.una, recovery->dsack_round)) {
        return;
    }
    recovery->has_dsack_round = false;
    if (has_dsack(conn, seg)) {
        recovery->has_dsack_round = true;
        recovery->dsack_round = conn->snd.nxt;
        recovery->reo_wnd_persist = REO_PERSIST;
        if (recovery->reo_wnd_mult < REO_MULT_MAX) {
            recovery->reo_wnd_mult++;
        }
    }
}

static void forget_duplicates(struct tcp_recovery *recovery)
{
    if (recovery->reo_wnd_persist > 0 && --recovery->reo_wnd_persist == 0) {
        recovery->reo_wnd_mult = 0;
    }
}

// RACK.segs_sacked. Neighbours are joined on the scoreboard, so that segments are counted as they
// are acknowledged, and guessed from their octets when SND.UNA moves.
static void count_sacked(struct tcp_conn *conn, const struct tcp_delivery *delivery, bool is_moved)
{
    struct tcp_loss *loss = conn->loss;
    uint32_t mss = conn->snd.mss;
    if (is_moved) {
        loss->sacked_segments = (loss->board.sacked_bytes + mss - 1) / mss;
    } else if (delivery->sacked_bytes > 0) {
        loss->sacked_segments += (delivery->sacked_bytes + mss - 1) / mss;
    }
}

// Without a sample of the round trip what RACK has seen stands for it.
static uint64_t reordering_window(const struct tcp_conn *conn)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    const struct tcp_loss *loss = conn->loss;
    if (!recovery->has_seen_reordering
        && (tcp_loss_is_repairing(conn) || loss->sacked_segments >= DUP_THRESH)) {
        return 0;
    }
    bool is_timed = conn->rtt.srtt_ns > 0;
    uint64_t min_ns = is_timed ? conn->rtt.min_ns : loss->rack.rtt_ns;
    uint64_t window_ns = (UINT64_C(1) + recovery->reo_wnd_mult) * min_ns / 4;
    return deadline_min(window_ns, is_timed ? conn->rtt.srtt_ns : min_ns);
}

// Step 5. What is not old enough yet is looked at again when it is.
static uint32_t detect(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    const struct tcp_rack *rack = &conn->loss->rack;
    uint64_t remaining_ns = 0;
    if (!rack->is_set) {
        return 0;
    }
    uint64_t wait_ns = rack->rtt_ns + reordering_window(conn);
    uint32_t lost = tcp_scoreboard_mark_lost_by_time(&conn->loss->board, rack->xmit_ns, rack->end,
                                                     wait_ns, now_ns, &remaining_ns);
    tcp_timer_on_reordering(tcp, conn, remaining_ns, now_ns);
    return lost;
}

// Recovery

static void watch(struct tcp_loss *loss, bool is_timeout)
{
    loss->may_undo = true;
    loss->was_timeout = is_timeout;
    loss->has_first_resend = false;
}

static void enter(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t flight = seq_distance(conn->snd.una, conn->snd.nxt);
    watch(conn->loss, false);
    conn->loss->prr = (struct tcp_prr){.flight_bytes = flight};
    tcp_recovery_enter(tcp, conn, flight, now_ns);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_RACK;
}

// A tail-loss probe was the repair: RFC 8985 §7.4.2 asks for the cut of a recovery that is over.
static void cut_once(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (tcp_loss_is_repairing(conn)) {
        return;
    }
    watch(conn->loss, false);
    tcp_recovery_enter(tcp, conn, conn->loss->tail.flight_bytes, now_ns);
    conn->recovery.is_active = false;
}

// RFC 6937 §3.1, with the reduction bound of its slow start as long as recovery makes progress.
static void allow(struct tcp_conn *conn, uint32_t delivered, bool is_progress)
{
    struct tcp_prr *prr = &conn->loss->prr;
    uint32_t pipe = tcp_scoreboard_pipe(&conn->loss->board);
    uint32_t ssthresh = conn->cc.ssthresh_bytes;
    uint32_t mss = conn->snd.mss;
    prr->delivered_bytes += delivered;
    uint64_t allowed;
    if (pipe > ssthresh) {
        uint64_t flight = prr->flight_bytes > 0 ? prr->flight_bytes : 1;
        uint64_t due = (prr->delivered_bytes * ssthresh + flight - 1) / flight;
        allowed = due > prr->out_bytes ? due - prr->out_bytes : 0;
    } else {
        uint64_t behind =
            prr->delivered_bytes > prr->out_bytes ? prr->delivered_bytes - prr->out_bytes : 0;
        allowed = behind > delivered ? behind : delivered;
        allowed += is_progress ? mss : 0;
        allowed = deadline_min(allowed, ssthresh - pipe);
    }
    if (prr->out_bytes == 0) {
        allowed = deadline_max(allowed, mss); // the first retransmission goes at once
    }
    prr->allowed_bytes = (uint32_t)deadline_min(allowed, UINT32_MAX);
}

// RFC 3522 §3.2: the first acknowledgment of what was sent again echoes a time before that: it was
// the first transmission that arrived. RFC 4015 §3: what was cut is given back.
static bool is_spurious(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_loss *loss = conn->loss;
    if (!loss->may_undo || !loss->has_first_resend || seq_le(conn->snd.una, loss->first_resend)) {
        return false;
    }
    loss->may_undo = false;
    return is_older_echo(conn, seg, loss->first_resend_ts);
}

// What was late is reordering, unless the timer found it. The rest of it gets its time.
static void undo(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    tcp_scoreboard_undo_lost(&loss->board);
    struct tcp_cc_undo undo = {
        .was_timeout = loss->was_timeout,
        .flight_bytes = tcp_scoreboard_pipe(&loss->board),
        .acked_bytes = acked_bytes,
        .mss_bytes = conn->snd.mss,
        .initial_segments = tcp->config.initial_window_segments,
    };
    conn->cc.ops->on_undo(&conn->cc, &undo);
    conn->recovery.is_active = false;
    conn->recovery.has_recover = false;
    conn->recovery.has_seen_reordering = conn->recovery.has_seen_reordering || !loss->was_timeout;
    tcp_timer_on_reordering(tcp, conn, reordering_window(conn), now_ns);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_UNDO, now_ns);
}

static void take_blocks(struct tcp_conn *conn, const struct tcp_segment *seg,
                        struct tcp_delivery *delivery)
{
    struct tcp_scoreboard *board = &conn->loss->board;
    tcp_scoreboard_delivery_init(board, delivery);
    tcp_scoreboard_acked(board, conn->snd.una, delivery);
    for (uint32_t i = 0; i < seg->h.sack_blocks; i++) {
        tcp_scoreboard_sacked(board, seg->h.sack[i].left, seg->h.sack[i].right, delivery);
    }
}

// What was in flight when the loss was detected is acknowledged.
static void end_repair(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    forget_duplicates(&conn->recovery);
    if (is_recovering(conn)) {
        tcp_recovery_leave(tcp, conn, now_ns);
    }
}

// RFC 6675 §5, RFC 6582 §4: the window is cut once per flight.
static uint32_t look_for_losses(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t lost = detect(tcp, conn, now_ns);
    if (lost > 0 && !tcp_loss_is_repairing(conn)) {
        enter(tcp, conn, now_ns);
    }
    return lost;
}

// SND.UNA has moved. True when what was taken for lost was not.
static bool advance(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                    const struct tcp_news *news, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    bool is_undone = is_spurious(conn, seg);
    if (is_undone) {
        undo(tcp, conn, news->acked_bytes, now_ns);
    }
    tcp_recovery_grow(conn, news->acked_bytes, news->rtt_ns, now_ns);
    struct seq before = seq_sub(conn->snd.una, news->acked_bytes);
    if (recovery->has_recover && seq_ge(conn->snd.una, recovery->recover)
        && (recovery->is_active || seq_lt(before, recovery->recover))) {
        end_repair(tcp, conn, now_ns);
    }
    return is_undone;
}

// Nothing is in flight. What a probe was good for may still be open.
static void rest(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    if (!seq_eq(conn->snd.una, conn->snd.nxt)) {
        return;
    }
    tcp_timer_on_reordering(tcp, conn, 0, now_ns);
    loss->may_undo = false;
    if (!loss->tail.is_out) {
        tcp_loss_free(tcp, conn);
    }
}

void tcp_loss_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_news *news, uint64_t now_ns)
{
    struct tcp_delivery delivery;
    bool is_moved = news->acked_bytes > 0;
    take_blocks(conn, seg, &delivery);
    count_sacked(conn, &delivery, is_moved);
    if (tcp_tail_on_ack(conn, seg, has_dsack(conn, seg))) {
        cut_once(tcp, conn, now_ns);
    }
    if (delivery.is_reordered) {
        conn->recovery.has_seen_reordering = true;
    }
    adapt_window(conn, seg);
    update_rack(conn, seg, &delivery, now_ns);
    bool is_undone = is_moved && advance(tcp, conn, seg, news, now_ns);
    uint32_t lost = is_undone ? 0 : look_for_losses(tcp, conn, now_ns);
    if (is_recovering(conn)) {
        allow(conn, delivery.acked_bytes + delivery.sacked_bytes, is_moved && lost == 0);
    }
    if (is_moved) {
        tcp_recovery_forget_recover(conn);
    }
    rest(tcp, conn, now_ns);
    tcp_tail_schedule(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
}

void tcp_loss_on_duplicate(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                           uint64_t now_ns)
{
    tcp_tail_on_duplicate(conn, seg);
    rest(tcp, conn, now_ns);
    tcp_tail_schedule(tcp, conn, now_ns);
}

void tcp_loss_on_reorder(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->loss == NULL || look_for_losses(tcp, conn, now_ns) == 0) {
        return;
    }
    if (is_recovering(conn)) {
        allow(conn, 0, false);
    }
    tcp_output_want(tcp, conn);
}

// RFC 2018 §8: a receiver that has taken back what it said is found by its silence about the first
// octet while the timer ran.
static bool has_reneged(struct tcp_conn *conn)
{
    const struct tcp_span *first = tcp_scoreboard_find(&conn->loss->board, conn->snd.una);
    return first != NULL && tcp_scoreboard_state_of(first) == TCP_SPAN_STATE_SACKED;
}

void tcp_loss_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->retries == 1) {
        watch(conn->loss, true);
    }
    if (has_reneged(conn)) {
        tcp_scoreboard_forget_sacks(&conn->loss->board);
    }
    tcp_scoreboard_mark_lost_all(&conn->loss->board);
    conn->loss->tail.is_out = false;
    tcp_timer_on_reordering(tcp, conn, 0, now_ns);
    tcp_tail_schedule(tcp, conn, now_ns);
}

void tcp_loss_go_back(struct tcp_conn *conn)
{
    tcp_scoreboard_mark_lost_all(&conn->loss->board);
}
