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

static void note_resend(struct tcp_loss *loss, const struct tcp_conn *conn, uint64_t now_ns)
{
    if (!loss->has_first_resend) {
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
        note_resend(loss, conn, now_ns);
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

// RFC 8985 §6.2 steps 1 and 2. What was sent again counts only when it cannot have been the first
// transmission that arrived.
static void update_rack(struct tcp_conn *conn, const struct tcp_segment *seg,
                        const struct tcp_delivery *delivery, uint64_t now_ns)
{
    struct tcp_rack *rack = &conn->loss->rack;
    if (!delivery->has_newest) {
        return;
    }
    uint64_t rtt_ns = deadline_age(delivery->newest_sent_ns, now_ns);
    if (delivery->newest_resends > 0) {
        bool is_older_echo = conn->uses_timestamps && seg->h.has_timestamps
                             && conn->loss->has_first_resend
                             && (int32_t)(seg->h.ts_ecr - conn->loss->first_resend_ts) < 0;
        if (is_older_echo || rtt_ns < conn->rtt.min_ns) {
            return;
        }
    }
    rack->rtt_ns = rtt_ns;
    bool is_newer =
        !rack->is_set || delivery->newest_sent_ns > rack->xmit_ns
        || (delivery->newest_sent_ns == rack->xmit_ns && seq_gt(delivery->newest_right, rack->end));
    if (is_newer) {
        rack->is_set = true;
        rack->xmit_ns = delivery->newest_sent_ns;
        rack->end = delivery->newest_right;
    }
}

// RFC 2883 §4: the first block says what arrived twice when it lies below the acknowledgment, or
// within the second block.
static bool has_dsack(const struct tcp_segment *seg)
{
    const struct wire_tcp *h = &seg->h;
    if (h->sack_blocks == 0) {
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
    if (has_dsack(seg)) {
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

static uint64_t reordering_window(const struct tcp_conn *conn)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    if (!recovery->has_seen_reordering) {
        uint32_t beyond = conn->loss->board.sacked_bytes;
        if (is_recovering(conn) || beyond >= DUP_THRESH * (uint32_t)conn->snd.mss) {
            return 0;
        }
    }
    uint64_t window_ns = (UINT64_C(1) + recovery->reo_wnd_mult) * conn->rtt.min_ns / 4;
    return deadline_min(window_ns, conn->rtt.srtt_ns);
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

// The window is cut once per flight: RFC 6675 §5, RFC 6582 §4.
static bool is_new_loss(const struct tcp_conn *conn)
{
    return !conn->recovery.has_recover;
}

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
    tcp_recovery_enter(tcp, conn, now_ns);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_RACK;
}

// A tail-loss probe was the repair: RFC 8985 §7.4.2 asks for the cut of a recovery that is over.
static void cut_once(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_new_loss(conn)) {
        return;
    }
    watch(conn->loss, false);
    tcp_recovery_enter(tcp, conn, now_ns);
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

static void leave(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    forget_duplicates(&conn->recovery);
    tcp_recovery_leave(tcp, conn, now_ns);
}

// RFC 3522 §3.2: the acknowledgment of what was sent again echoes a time before that: it was the
// first transmission that arrived. RFC 4015 §3: what was cut is given back.
static bool is_spurious(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    const struct tcp_loss *loss = conn->loss;
    return loss->may_undo && loss->has_first_resend && conn->uses_timestamps
           && seg->h.has_timestamps && (int32_t)(seg->h.ts_ecr - loss->first_resend_ts) < 0;
}

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
    loss->may_undo = false;
    conn->cc.ops->on_undo(&conn->cc, &undo);
    conn->recovery.is_active = false;
    conn->recovery.has_recover = false;
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

void tcp_loss_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_news *news, uint64_t now_ns)
{
    uint32_t acked_bytes = news->acked_bytes;
    struct tcp_delivery delivery;
    struct tcp_recovery *recovery = &conn->recovery;
    take_blocks(conn, seg, &delivery);
    if (tcp_tail_on_ack(conn, seg, has_dsack(seg)) && !is_recovering(conn)) {
        cut_once(tcp, conn, now_ns);
    }
    if (delivery.is_reordered) {
        recovery->has_seen_reordering = true;
    }
    adapt_window(conn, seg);
    update_rack(conn, seg, &delivery, now_ns);
    if (acked_bytes > 0 && is_spurious(conn, seg)) {
        undo(tcp, conn, acked_bytes, now_ns);
    }
    if (acked_bytes > 0) {
        tcp_recovery_grow(conn, acked_bytes, news->rtt_ns, now_ns);
    }
    if (is_recovering(conn) && seq_ge(conn->snd.una, recovery->recover)) {
        leave(tcp, conn, now_ns);
    }
    uint32_t lost = detect(tcp, conn, now_ns);
    if (lost > 0 && !is_recovering(conn) && is_new_loss(conn)) {
        enter(tcp, conn, now_ns);
    }
    uint32_t delivered = delivery.acked_bytes + delivery.sacked_bytes;
    if (is_recovering(conn)) {
        allow(conn, delivered, acked_bytes > 0 && lost == 0);
    }
    if (acked_bytes > 0) {
        tcp_recovery_forget_recover(conn);
    }
    if (seq_eq(conn->snd.una, conn->snd.nxt)) {
        tcp_loss_free(tcp, conn);
        tcp_timer_on_reordering(tcp, conn, 0, now_ns);
    }
    tcp_tail_schedule(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
}

void tcp_loss_on_reorder(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->loss == NULL || detect(tcp, conn, now_ns) == 0) {
        return;
    }
    if (!is_recovering(conn) && is_new_loss(conn)) {
        enter(tcp, conn, now_ns);
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
