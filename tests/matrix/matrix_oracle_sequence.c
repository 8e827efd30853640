// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7.4, first: is the segment acceptable? Before that RFC 7323 asks for its
// timestamp, and a half-open connection whether it is the SYN that it knows.
#include "matrix_oracle_internal.h"

// RFC 7323 §5.3 R1, and §3.2 of what comes without.
bool oracle_check_timestamp(struct oracle_work *work)
{
    const struct oracle_segment *seg = work->seg;
    struct oracle_tcb *tcb = work->tcb;
    if (!tcb->has_timestamps) {
        return false;
    }
    if (has(work, ORACLE_RST) && HOLDS(work, PAWS_SPARES_RST)) {
        return false;
    }
    if (!seg->has_ts && has(work, ORACLE_SYN) && HOLDS(work, TS_MISSING_SPARES_SYN)) {
        return false;
    }
    if (!seg->has_ts) {
        return HOLDS(work, TS_MISSING);
    }
    if (less(seg->ts_val, tcb->ts_recent) && HOLDS(work, PAWS_OLD)) {
        oracle_note_old(work, work->length);
        return oracle_refuse(work, false);
    }
    return false;
}

static bool is_in_window(const struct oracle_tcb *tcb, uint32_t seq)
{
    return less_or_equal(tcb->rcv_nxt, seq) && less(seq, tcb->rcv_nxt + tcb->rcv_wnd);
}

// §3.10.7.4, first: the table of four.
static bool is_acceptable(const struct oracle_work *work)
{
    const struct oracle_tcb *tcb = work->tcb;
    uint32_t seq = work->seg->seq;
    bool needs_no_room =
        work->length == 0
        || (work->length == 1 && has(work, ORACLE_FIN) && HOLDS(work, FIN_NEEDS_NO_ROOM));
    if (needs_no_room && tcb->rcv_wnd == 0) {
        return seq == tcb->rcv_nxt;
    }
    if (work->length == 0) {
        return is_in_window(tcb, seq);
    }
    return tcb->rcv_wnd != 0
           && (is_in_window(tcb, seq) || is_in_window(tcb, seq + work->length - 1));
}

// An acknowledgment alone at the right edge, or one beyond it.
static bool is_edge_ack(const struct oracle_work *work)
{
    uint32_t beyond = work->seg->seq - work->tcb->rcv_nxt - work->tcb->rcv_wnd;
    return work->length == 0 && !is_cached(work->tcb) && !has(work, ORACLE_RST) && beyond <= 1;
}

bool oracle_check_sequence(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (is_acceptable(work)) {
        return false;
    }
    if (tcb->rcv_wnd == 0 && work->seg->seq == tcb->rcv_nxt && HOLDS(work, SHUT_WINDOW_HEARS)) {
        if (!has(work, ORACLE_RST)) {
            oracle_refuse(work, false);
        }
        work->ignores_text = true;
        return false;
    }
    if (is_edge_ack(work) && HOLDS(work, EDGE_ACK)) {
        return false;
    }
    if (!HOLDS(work, SEQUENCE)) {
        return false;
    }
    if (has(work, ORACLE_RST) && HOLDS(work, SEQUENCE_SPARES_RST)) {
        return true;
    }
    if (HOLDS(work, SEQUENCE_ANSWERS)) {
        oracle_note_old(work, work->length);
        oracle_refuse(work, has(work, ORACLE_SYN)); // RFC 5961 §4.2: irrespective of its number
    }
    return true;
}

// The SYN that was taken before. Alone: our SYN+ACK was lost. With an acknowledgment: the other
// half of a simultaneous open, of which the SYN is no news.
bool oracle_check_same_syn(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint8_t control = work->seg->flags & (ORACLE_SYN | ORACLE_RST | ORACLE_ACK);
    if (tcb->state != ORACLE_STATE_SYN_RECEIVED || work->seg->seq != tcb->irs) {
        return false;
    }
    if (control == ORACLE_SYN && HOLDS(work, SYN_AGAIN)) {
        bool is_newer = work->seg->has_ts && less(tcb->ts_recent, work->seg->ts_val);
        tcb->ts_recent = is_newer ? work->seg->ts_val : tcb->ts_recent;
        return say_syn_ack(work);
    }
    if (control == (ORACLE_SYN | ORACLE_ACK) && !tcb->is_passive && HOLDS(work, SYN_ACK_CROSSED)) {
        work->own = *work->seg;
        work->own.flags &= (uint8_t)~ORACLE_SYN;
        work->was_syn = true;
        work->own.seq++;
        work->seg = &work->own;
        work->length--;
    }
    return false;
}

// RFC 7323 §4.3 (2): of a segment that is acceptable and begins at or before Last.ACK.sent.
void oracle_follow_timestamp(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (tcb->has_timestamps && work->seg->has_ts && less_or_equal(tcb->ts_recent, work->seg->ts_val)
        && less_or_equal(work->seg->seq, tcb->last_ack_sent) && HOLDS(work, TS_RECENT)) {
        tcb->ts_recent = work->seg->ts_val;
    }
}
