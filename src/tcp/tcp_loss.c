// SPDX-License-Identifier: MIT
//
// What each acknowledgment, each transmission and each timer means for recovery, in order:
//
//     ACK -> scoreboard -> tcp_rack.c: newest delivered -> reordering window -> the older is LOST
//                                          \-> not old enough yet: reordering timer
//         -> tcp_undo.c: was it a loss?
//         -> recovery begins, goes on or ends -> tcp_prr.c: how much may go for this ACK
#include "tcp/tcp_loss.h"

#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_mtu.h"

enum { SPANS_MAX = 1 << 16 }; // of a connection

static bool is_recovering(const struct tcp_conn *conn)
{
    return conn->recovery.is_active;
}

// What may go is tied to what arrives.
static bool is_reducing(const struct tcp_conn *conn)
{
    return is_recovering(conn) || (tcp_linux_is_easing(conn) && !tcp_loss_is_repairing(conn));
}

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
                            conn->snd.una);
        loss->board.keeps_bursts = tcp_linux_has(conn, SYNFIN_LINUX_WAY_RESEND_BURSTS);
        conn->loss = loss;
        tcp_rate_begin(conn);
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

// A flight that begins with nothing outstanding gets a scoreboard; without memory it goes without,
// and its losses are found by the timer.
void tcp_loss_on_sent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                      uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    if (loss == NULL && conn->uses_sack && seq_eq(conn->snd.una, conn->snd.nxt)) {
        loss = create(tcp, conn);
    }
    uint32_t length = plan->bytes + ((plan->flags & SYNFIN_TCP_FIN) != 0);
    struct seq end = seq_add(plan->seq, length);
    if (loss == NULL) {
        tcp_rate_on_sent_plainly(conn, end, plan->is_again, now_ns);
        return;
    }
    struct tcp_send_snapshot snapshot;
    tcp_rate_on_send(conn, length, now_ns, &snapshot);
    struct seq nxt = loss->board.nxt;
    if (seq_lt(plan->seq, nxt)) {
        tcp_scoreboard_resent(&loss->board, plan->seq, seq_min(end, nxt), now_ns, &snapshot);
        tcp_undo_on_resent(conn, plan->seq, plan->bytes, now_ns);
    }
    if (seq_gt(end, nxt)
        && !tcp_scoreboard_sent(&loss->board, seq_max(plan->seq, nxt), end, now_ns, &snapshot)) {
        tcp_loss_free(tcp, conn);
        return;
    }
    if (plan->kind == TCP_PLAN_PROBE) { // refused, until the peer says otherwise
        tcp_scoreboard_mark_lost_all(&loss->board);
    }
    if (plan->kind == TCP_PLAN_TAIL) {
        tcp_tail_on_sent(conn, plan);
    }
    tcp_prr_spend(loss, length);
    tcp_rate_on_sent(conn);
    tcp_tail_schedule(tcp, conn, now_ns);
}

// RFC 7413 sends data with a SYN, and behind a SYN+ACK, before the peer's SACK-permitted option or
// the third segment is here: they are repaired like all others from then on.
void tcp_loss_take_over(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_send_snapshot snapshot;
    if (!conn->uses_sack || seq_eq(conn->snd.una, conn->snd.nxt) || create(tcp, conn) == NULL) {
        return;
    }
    uint64_t latest_ns = conn->totals.data_sent_ns;
    tcp_rate_on_send(conn, seq_distance(conn->snd.una, conn->snd.nxt), latest_ns, &snapshot);
    tcp_scoreboard_sent_before(&conn->loss->board, conn->snd.nxt, latest_ns, &snapshot);
    tcp_rate_on_sent(conn);
    tcp_tail_schedule(tcp, conn, now_ns);
}

uint32_t tcp_loss_room(const struct tcp_conn *conn)
{
    const struct tcp_loss *loss = conn->loss;
    uint32_t pipe = tcp_scoreboard_pipe(&loss->board);
    if (conn->undo.frto == TCP_FRTO_NEW) {
        return tcp_frto_room(conn);
    }
    if (is_reducing(conn) && !conn->cc.ops->governs_recovery) {
        return loss->prr.allowed_bytes;
    }
    return conn->cc.cwnd_bytes > pipe ? conn->cc.cwnd_bytes - pipe : 0;
}

static void enter(struct tcp *tcp, struct tcp_conn *conn, uint32_t delivered_bytes,
                  enum synfin_reason reason, uint64_t now_ns)
{
    tcp_undo_watch(conn, false);
    conn->undo.frto = TCP_FRTO_OFF;
    conn->loss->cut_ns = now_ns;
    tcp_prr_begin(conn, delivered_bytes);
    tcp_recovery_enter(tcp, conn, seq_distance(conn->snd.una, conn->snd.nxt), reason, now_ns);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_RACK;
}

// A tail-loss probe was the repair: RFC 8985 §7.4.2 asks for the cut of a recovery that is over.
static void cut_once(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (tcp_loss_is_repairing(conn)) {
        return;
    }
    tcp_undo_watch(conn, false);
    conn->loss->cut_ns = now_ns;
    tcp_recovery_enter(tcp, conn, conn->loss->tail.flight_bytes, SYNFIN_REASON_CC_FAST_RETRANSMIT,
                       now_ns);
    conn->recovery.is_active = false;
}

struct lost_at {
    struct tcp_conn *conn;
    uint64_t now_ns;
};

static void tell_lost(void *context, const struct tcp_span *span)
{
    const struct lost_at *at = context;
    struct tcp_conn *conn = at->conn;
    bool is_apart = tcp_rate_on_lost(conn, span);
    if (conn->cc.ops->on_lost == NULL) {
        return;
    }
    struct tcp_cc_lost lost = {
        .delivered_bytes = conn->loss->rate.delivered_bytes,
        .lost_bytes = conn->loss->rate.lost_bytes - span->snapshot.lost_bytes,
        .now_ns = at->now_ns,
        .bytes = seq_distance(span->left, span->right),
        .tx_in_flight_bytes = span->snapshot.in_flight_bytes,
        .mss_bytes = conn->snd.mss,
        .is_app_limited = span->snapshot.is_app_limited,
        .is_apart = is_apart,
    };
    conn->cc.ops->on_lost(&conn->cc, &lost);
}

// WHOLE_SACKS: segments are counted from where their burst begins; its last one may be smaller.
static void shrink_to_segments(struct tcp_scoreboard *board, uint32_t mss, struct seq *left,
                               struct seq *right)
{
    const struct tcp_span *first = tcp_scoreboard_find(board, *left);
    const struct tcp_span *last = tcp_scoreboard_find(board, seq_sub(*right, 1));
    if (first != NULL && tcp_scoreboard_state_of(first) != TCP_SPAN_STATE_SACKED) {
        uint32_t into = (seq_distance(first->left, *left) + mss - 1) / mss * mss;
        *left = seq_min(seq_add(first->left, into), first->right);
    }
    if (last != NULL && tcp_scoreboard_state_of(last) != TCP_SPAN_STATE_SACKED
        && !seq_eq(last->right, *right)) {
        *right = seq_add(last->left, seq_distance(last->left, *right) / mss * mss);
    }
}

static void take_blocks(struct tcp_conn *conn, const struct tcp_segment *seg,
                        struct tcp_delivery *delivery)
{
    struct tcp_scoreboard *board = &conn->loss->board;
    tcp_scoreboard_delivery_init(board, delivery);
    tcp_scoreboard_acked(board, conn->snd.una, delivery);
    for (uint32_t i = 0; i < seg->h.sack_blocks; i++) {
        struct seq left = seg->h.sack[i].left, right = seg->h.sack[i].right;
        if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_WHOLE_SACKS)) {
            shrink_to_segments(board, conn->snd.mss, &left, &right);
        }
        tcp_scoreboard_sacked(board, left, right, delivery);
    }
}

// What was in flight when the loss was detected is acknowledged.
static void end_repair(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_rack_forget_duplicates(&conn->recovery);
    if (is_recovering(conn) || conn->cc.ops->governs_recovery) {
        tcp_recovery_leave(tcp, conn, now_ns);
    }
}

// RFC 6675 §5, RFC 6582 §4: the window is cut once for all that was in flight when a loss was
// found, and once more when what went again since is lost in its turn (RFC 5681 §4.3).
static uint32_t look_for_losses(struct tcp *tcp, struct tcp_conn *conn, uint32_t delivered_bytes,
                                uint64_t now_ns)
{
    struct lost_at at = {conn, now_ns};
    const struct tcp_scoreboard_watch watch = {tell_lost, &at};
    struct tcp_loss *loss = conn->loss;
    loss->board.watch = &watch;
    uint32_t lost = tcp_rack_detect(tcp, conn, now_ns);
    loss->board.watch = NULL;
    bool is_repairing = tcp_loss_is_repairing(conn);
    if (lost == 0 || (!is_repairing && tcp_mtu_takes_loss(tcp, conn, now_ns))) {
        return lost;
    }
    if (!is_repairing) {
        enter(tcp, conn, delivered_bytes, SYNFIN_REASON_CC_FAST_RETRANSMIT, now_ns);
    } else if (loss->board.lost_again_ns > 0 && loss->board.lost_again_ns >= loss->cut_ns
               && !tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUT_ONCE)) {
        enter(tcp, conn, delivered_bytes, SYNFIN_REASON_CC_LOST_AGAIN, now_ns);
    }
    return lost;
}

// True when what was taken for lost was not.
static bool look_for_undo(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                          const struct tcp_news *news, const struct tcp_delivery *delivery,
                          uint64_t now_ns)
{
    bool is_moved = news->acked_bytes > 0;
    if (is_moved && tcp_undo_is_spurious(conn, seg)) {
        tcp_undo_take_back(tcp, conn, news->acked_bytes, SYNFIN_REASON_CC_UNDO, now_ns);
        return true;
    }
    enum synfin_reason reason = SYNFIN_REASON_UNKNOWN;
    if (tcp_frto_on_delivery(conn, delivery, is_moved)) {
        reason = SYNFIN_REASON_CC_UNDO_FRTO;
    } else if (tcp_undo_is_all_duplicate(conn, seg)) {
        reason = SYNFIN_REASON_CC_UNDO_DSACK;
    }
    if (reason == SYNFIN_REASON_UNKNOWN) {
        return false;
    }
    conn->loss->rack.is_set = false; // it may be that of a copy
    tcp_undo_take_back(tcp, conn, news->acked_bytes, reason, now_ns);
    return true;
}

// SND.UNA has moved.
static void advance(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_news *news,
                    uint32_t delivered_bytes, uint64_t now_ns)
{
    struct tcp_recovery *recovery = &conn->recovery;
    tcp_recovery_grow(conn, tcp_linux_growth(conn, news->acked_bytes, delivered_bytes),
                      news->rtt_ns, now_ns);
    struct seq before = seq_sub(conn->snd.una, news->acked_bytes);
    if (recovery->has_recover && seq_ge(conn->snd.una, recovery->recover)
        && (recovery->is_active || seq_lt(before, recovery->recover))) {
        end_repair(tcp, conn, now_ns);
    }
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

// From the left edge of what arrived late to the highest that had arrived before.
static void note_reordering(struct tcp_conn *conn, const struct tcp_delivery *delivery)
{
    struct tcp_recovery *recovery = &conn->recovery;
    uint32_t mss = conn->snd.mss;
    uint32_t behind = (seq_distance(delivery->reordered_left, delivery->fack) + mss - 1) / mss;
    recovery->has_seen_reordering = true;
    if (recovery->reorderings < UINT16_MAX) {
        recovery->reorderings++;
    }
    if (behind > recovery->reordering) {
        recovery->reordering = (uint16_t)(behind < UINT16_MAX ? behind : UINT16_MAX);
    }
}

void tcp_loss_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_news *news, uint64_t now_ns)
{
    struct tcp_delivery delivery;
    struct tcp_rate_sample sample;
    bool is_moved = news->acked_bytes > 0;
    tcp_rate_check_dry(conn);
    take_blocks(conn, seg, &delivery);
    tcp_rate_on_delivered(conn, &delivery, now_ns, &sample);
    uint32_t delivered = delivery.acked_bytes + delivery.sacked_bytes;
    if (seq_eq(seg->h.ack, conn->snd.una)) { // what an older one counts of marks is no news
        struct tcp_ecn_news marks = {news->acked_bytes, delivered};
        tcp_ecn_on_ack(tcp, conn, seg, &marks, now_ns);
    }
    struct tcp_news all = *news;
    uint64_t rtt_ns = tcp_rtt_on_delivered(conn, &delivery, news->rtt_ns > 0, now_ns);
    all.rtt_ns = news->rtt_ns > 0 ? news->rtt_ns : rtt_ns;
    news = &all;
    tcp_rack_count(conn, &delivery, is_moved);
    if (tcp_tail_on_ack(conn, seg, tcp_rack_has_dsack(conn, seg))) {
        cut_once(tcp, conn, now_ns);
    }
    if (delivery.is_reordered) {
        note_reordering(conn, &delivery);
    }
    tcp_rack_adapt(conn, seg);
    tcp_rack_update(conn, seg, &delivery, now_ns);
    bool is_undone = look_for_undo(tcp, conn, seg, news, &delivery, now_ns);
    if (is_moved) {
        advance(tcp, conn, news, delivered, now_ns);
    } else if (tcp_linux_grows_unmoved(conn)) {
        tcp_recovery_grow(conn, delivered, news->rtt_ns, now_ns);
    }
    uint64_t lost_again_ns = conn->loss->board.lost_again_ns;
    uint32_t lost = is_undone ? 0 : look_for_losses(tcp, conn, delivered, now_ns);
    if (is_reducing(conn)) {
        bool is_lost_again = conn->loss->board.lost_again_ns != lost_again_ns;
        bool is_safe = tcp_linux_has(conn, SYNFIN_LINUX_WAY_REPAY_RESENT)
                           ? delivery.has_acked_resent && !is_lost_again
                           : is_moved && lost == 0;
        tcp_prr_allow(conn, delivered, is_safe);
    }
    if (is_moved) {
        tcp_recovery_forget_recover(conn);
    }
    tcp_rate_complete(conn, &sample);
    tcp_recovery_deliver(conn, &sample, now_ns);
    rest(tcp, conn, now_ns);
    if (is_moved || delivered > 0 || !tcp_linux_has(conn, SYNFIN_LINUX_WAY_WHOLE_SACKS)) {
        tcp_tail_schedule(tcp, conn, now_ns);
    }
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
    tcp_rate_check_dry(conn);
    if (conn->loss == NULL || look_for_losses(tcp, conn, 0, now_ns) == 0) {
        return;
    }
    if (is_recovering(conn)) {
        tcp_prr_allow(conn, 0, false);
    }
    tcp_output_want(tcp, conn);
}

// RFC 2018 §8: a receiver that has taken back what it said acknowledges up to what it had reported
// and not beyond, and stays silent about that while the timer runs. The timer is not shortened for
// it: peers that acknowledge inside of segments look the same for a moment.
static bool has_reneged(struct tcp_conn *conn)
{
    const struct tcp_span *first = tcp_scoreboard_find(&conn->loss->board, conn->snd.una);
    return first != NULL && tcp_scoreboard_state_of(first) == TCP_SPAN_STATE_SACKED;
}

void tcp_loss_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct lost_at at = {conn, now_ns};
    const struct tcp_scoreboard_watch watch = {tell_lost, &at};
    conn->loss->board.watch = &watch;
    conn->loss->cut_ns = now_ns;
    if (has_reneged(conn)) {
        conn->undo.frto = TCP_FRTO_OFF;
        tcp_scoreboard_forget_sacks(&conn->loss->board);
        tcp_scoreboard_mark_lost_all(&conn->loss->board);
    } else {
        tcp_rack_on_timeout(conn, now_ns);
    }
    conn->loss->board.watch = NULL;
    conn->loss->tail.is_out = false;
    tcp_timer_on_reordering(tcp, conn, 0, now_ns);
    tcp_tail_schedule(tcp, conn, now_ns);
}

void tcp_loss_go_back(struct tcp_conn *conn)
{
    tcp_scoreboard_mark_lost_all(&conn->loss->board);
}
