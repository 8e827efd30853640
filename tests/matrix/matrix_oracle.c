// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7, SEGMENT ARRIVES, as plainly as it reads. Each function is one paragraph; a
// function that returns true has finished with the segment.
#include "matrix_oracle.h"

#include <stddef.h>

// To equal segments at one time; what is one limit for each connection, or for each address.
enum { CHALLENGES_MAX = 10, RESETS_MAX = 1000 };

// What one judgment works on.
struct work {
    struct oracle *oracle;
    const struct oracle_segment *seg;
    struct oracle_segment own; // what `seg` is once something was taken off it
    struct oracle_tcb *tcb;
    struct oracle_verdict *out;
    uint32_t length;   // SEG.LEN: text, SYN and FIN
    uint32_t up;       // SEG.UP, as a number
    bool ignores_text; // a shut window: only control is heard
    bool was_syn;      // which was taken off: RFC 7323 §2.2, its window is not scaled
};

#define HOLDS(work, rule) holds((work)->oracle, ORACLE_RULE_##rule)

static bool holds(struct oracle *oracle, enum oracle_rule rule)
{
    oracle->asked[rule]++;
    return oracle->without != rule;
}

// a < b, a <= b on the circle of sequence numbers (RFC 9293 §3.4).
static bool less(uint32_t a, uint32_t b)
{
    return a != b && b - a < UINT32_C(0x80000000);
}

static bool less_or_equal(uint32_t a, uint32_t b)
{
    return a == b || less(a, b);
}

static bool has(const struct work *work, uint8_t flag)
{
    return (work->seg->flags & flag) != 0;
}

static bool say(struct work *work, enum oracle_reply reply, uint32_t seq, uint32_t ack)
{
    work->out->reply = reply;
    work->out->seq = seq;
    work->out->ack = ack;
    return true;
}

static bool say_ack(struct work *work)
{
    return say(work, ORACLE_SAYS_ACK, work->tcb->snd_nxt, work->tcb->rcv_nxt);
}

static void limit_answers(struct work *work, uint32_t most)
{
    work->out->answers_max = HOLDS(work, ANSWERS_LIMITED) ? most : most + 1;
}

// Of a segment that is refused: RFC 5961 §7 has answers to those limited, and docs/history.md 104
// those to what takes up no number, which the answer to an answer may be.
static bool refuse(struct work *work, bool is_challenge)
{
    const struct oracle_tcb *tcb = work->tcb;
    bool is_cached = tcb->state == ORACLE_STATE_SYN_RECEIVED && tcb->is_passive;
    bool is_limited = is_challenge || work->length == 0 || tcb->state == ORACLE_STATE_TIME_WAIT;
    // The first answer to a segment decides. That of the cache is no larger than what it answers.
    if (is_limited && !is_cached && !work->ignores_text) {
        bool is_counted = is_challenge && tcb->state != ORACLE_STATE_TIME_WAIT;
        limit_answers(work, is_counted ? CHALLENGES_MAX : 1);
    }
    return say_ack(work);
}

static bool say_syn_ack(struct work *work)
{
    return say(work, ORACLE_SAYS_SYN_ACK, work->tcb->iss, work->tcb->rcv_nxt);
}

// <SEQ=SEG.ACK><CTL=RST>
static bool say_rst(struct work *work)
{
    return say(work, ORACLE_SAYS_RST, work->seg->ack, 0);
}

static bool enter(struct work *work, enum oracle_state state)
{
    work->tcb->state = state;
    return true;
}

// The states in which the peer may still have something to say.
static bool takes_text(const struct oracle_tcb *tcb)
{
    return tcb->state == ORACLE_STATE_ESTABLISHED || tcb->state == ORACLE_STATE_FIN_WAIT_1
           || tcb->state == ORACLE_STATE_FIN_WAIT_2;
}

// §3.10.7.1
static void closed(struct work *work)
{
    limit_answers(work, RESETS_MAX);
    if (has(work, ORACLE_RST) && HOLDS(work, CLOSED_IGNORES_RST)) {
        return;
    }
    if (!HOLDS(work, CLOSED_RESETS)) {
        return;
    }
    if (has(work, ORACLE_ACK) && HOLDS(work, RESET_OF_ACK)) {
        say_rst(work);
        return;
    }
    uint32_t length = HOLDS(work, RESET_OF_TEXT) ? work->length : 0;
    say(work, ORACLE_SAYS_RST_ACK, 0, work->seg->seq + length);
}

// A SYN for a listener: §3.10.7.2, third.
static void take_syn(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    tcb->irs = work->seg->seq;
    tcb->rcv_nxt = work->seg->seq + 1;
    tcb->is_passive = true;
    if (!HOLDS(work, CACHE_KEEPS_NO_TEXT)) {
        tcb->rcv_nxt += work->length - 1;
    }
    tcb->has_sack = tcb->has_urgent = false;
    tcb->kept_count = 0;
    work->out->has_new_iss = true;
    enter(work, ORACLE_STATE_SYN_RECEIVED);
    say_syn_ack(work);
}

// §3.10.7.2
static void listens(struct work *work)
{
    if (has(work, ORACLE_RST) && HOLDS(work, LISTEN_IGNORES_RST)) {
        return;
    }
    if (has(work, ORACLE_ACK) && HOLDS(work, LISTEN_RESETS_ACK)) {
        say_rst(work);
        return;
    }
    if (has(work, ORACLE_SYN) && has(work, ORACLE_FIN) && HOLDS(work, ONLY_SYN)) {
        return;
    }
    if (has(work, ORACLE_SYN) && HOLDS(work, LISTEN_TAKES_SYN)) {
        take_syn(work);
    }
}

// Sixth: the pointer names what follows the urgent octets, and matters until the user is there.
static void take_urgent(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t up = work->up;
    bool is_ahead = less(tcb->user_nxt, up) && (!tcb->has_urgent || less(tcb->rcv_up, up));
    bool is_too_late = !takes_text(tcb) && HOLDS(work, URGENT_MOVES);
    if (has(work, ORACLE_URG) && is_ahead && !is_too_late) {
        tcb->has_urgent = true;
        tcb->rcv_up = up;
    }
}

static void drop_kept(struct oracle_tcb *tcb, uint32_t at)
{
    tcb->kept_count--;
    for (uint32_t i = at; i < tcb->kept_count; i++) {
        tcb->kept[i] = tcb->kept[i + 1];
    }
}

// One block of all that touches it, which is the newest now.
static void keep(struct oracle_tcb *tcb, uint32_t left, uint32_t right)
{
    struct oracle_block whole = {left, right};
    for (uint32_t i = tcb->kept_count; i-- > 0;) {
        const struct oracle_block old = tcb->kept[i];
        if (less_or_equal(old.left, whole.right) && less_or_equal(whole.left, old.right)) {
            whole.left = less(old.left, whole.left) ? old.left : whole.left;
            whole.right = less(whole.right, old.right) ? old.right : whole.right;
            drop_kept(tcb, i);
        }
    }
    for (uint32_t i = tcb->kept_count++; i > 0; i--) {
        tcb->kept[i] = tcb->kept[i - 1];
    }
    tcb->kept[0] = whole;
}

// The gap before RCV.NXT is filled: what waited there follows.
static void take_kept(struct oracle_tcb *tcb)
{
    for (uint32_t i = tcb->kept_count; i-- > 0;) {
        if (less_or_equal(tcb->kept[i].left, tcb->rcv_nxt)) {
            uint32_t right = tcb->kept[i].right;
            tcb->rcv_nxt = less(tcb->rcv_nxt, right) ? right : tcb->rcv_nxt;
            drop_kept(tcb, i);
            i = tcb->kept_count; // all of them again
        }
    }
}

// What both have; empty when right is not behind left.
static struct oracle_block common_part(struct oracle_block a, struct oracle_block b)
{
    return (struct oracle_block){less(a.left, b.left) ? b.left : a.left,
                                 less(a.right, b.right) ? a.right : b.right};
}

static void note_again(struct work *work, uint32_t length, struct oracle_block with)
{
    const struct oracle_block all = {work->seg->seq, work->seg->seq + length};
    const struct oracle_block again = common_part(all, with);
    if (work->tcb->has_sack && !has(work, ORACLE_SYN) && less(again.left, again.right)
        && HOLDS(work, SACK_TELLS_AGAIN)) {
        work->out->again = again;
    }
}

// RFC 2883 §4: what lies before RCV.NXT, as far back as the peer can have come.
static void note_old(struct work *work, uint32_t length)
{
    const struct oracle_tcb *tcb = work->tcb;
    if (less(work->seg->seq, tcb->rcv_nxt)) {
        note_again(work, length, (struct oracle_block){tcb->irs + 1, tcb->rcv_nxt});
    }
}

// Or, without such, what waits beyond a gap.
static void note_old_or_kept(struct work *work)
{
    for (uint32_t i = 0; i < work->tcb->kept_count; i++) {
        note_again(work, work->seg->text, work->tcb->kept[i]);
    }
    note_old(work, work->seg->text);
}

static void take_in_order(struct work *work, uint32_t end)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t before = tcb->rcv_nxt;
    uint32_t edge = before + tcb->rcv_wnd;
    tcb->rcv_nxt = end;
    take_kept(tcb);
    work->out->delivered = tcb->rcv_nxt - before;
    tcb->rcv_wnd = edge - tcb->rcv_nxt;
}

// Seventh: text, from RCV.NXT to the right edge. What comes too early is kept, but not delivered.
static bool take_text(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    const struct oracle_segment *seg = work->seg;
    uint32_t first = seg->seq + (has(work, ORACLE_SYN) ? 1 : 0);
    uint32_t end = first + seg->text;
    uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd;
    if (seg->text == 0 || work->ignores_text) {
        return false;
    }
    if (!takes_text(tcb) && HOLDS(work, TEXT_AFTER_FIN)) {
        return false;
    }
    note_old_or_kept(work);
    if (tcb->has_no_user && less(tcb->rcv_nxt, end) && HOLDS(work, TEXT_WITHOUT_READER)) {
        enter(work, ORACLE_STATE_CLOSED);
        return say(work, ORACLE_SAYS_RST_ACK, tcb->snd_nxt, tcb->rcv_nxt);
    }
    end = less(edge, end) ? edge : end;
    if (less_or_equal(first, tcb->rcv_nxt) && less(tcb->rcv_nxt, end) && HOLDS(work, TEXT_TAKEN)) {
        take_in_order(work, end);
    } else if (less(tcb->rcv_nxt, first) && less(first, end) && HOLDS(work, TEXT_KEPT)) {
        keep(tcb, first, end);
    }
    if (HOLDS(work, TEXT_ACKNOWLEDGED)) {
        say_ack(work);
    }
    return false;
}

static void move_by_fin(struct work *work)
{
    switch (work->tcb->state) {
    case ORACLE_STATE_SYN_RECEIVED:
    case ORACLE_STATE_ESTABLISHED: enter(work, ORACLE_STATE_CLOSE_WAIT); break;
    case ORACLE_STATE_FIN_WAIT_1: enter(work, ORACLE_STATE_CLOSING); break;
    case ORACLE_STATE_FIN_WAIT_2: enter(work, ORACLE_STATE_TIME_WAIT); break;
    case ORACLE_STATE_CLOSED:
    case ORACLE_STATE_LISTEN:
    case ORACLE_STATE_SYN_SENT:
    case ORACLE_STATE_CLOSE_WAIT:
    case ORACLE_STATE_CLOSING:
    case ORACLE_STATE_LAST_ACK:
    case ORACLE_STATE_TIME_WAIT:
    case ORACLE_STATE_COUNT: break;
    }
}

// Whether the peer's FIN was taken before: there is no second.
static bool is_closed_there(const struct oracle_tcb *tcb)
{
    return tcb->state == ORACLE_STATE_CLOSE_WAIT || tcb->state == ORACLE_STATE_CLOSING
           || tcb->state == ORACLE_STATE_LAST_ACK || tcb->state == ORACLE_STATE_TIME_WAIT;
}

// What the peer said before of numbers behind its FIN is not so; with it goes what it touches.
static void forget_behind(struct work *work, uint32_t fin)
{
    struct oracle_tcb *tcb = work->tcb;
    bool is_trimmed = less(tcb->rcv_nxt + tcb->rcv_wnd, fin);
    for (uint32_t i = tcb->kept_count; i-- > 0 && !is_trimmed;) {
        if (less(fin, tcb->kept[i].right) && HOLDS(work, KEPT_BEHIND_FIN)) {
            drop_kept(tcb, i);
            if (less(tcb->rcv_nxt, work->out->again.right)) { // it was part of that
                work->out->again = (struct oracle_block){0, 0};
            }
        }
    }
}

// Eighth. One beyond the right edge was trimmed away; beyond the peer's FIN there is none.
static void take_fin(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t fin = work->seg->seq + work->length - 1;
    if (!has(work, ORACLE_FIN) || (is_closed_there(tcb) && HOLDS(work, TEXT_AFTER_FIN))) {
        return;
    }
    say_ack(work);
    forget_behind(work, fin);
    if (tcb->rcv_wnd == 0 && !HOLDS(work, FIN_NEEDS_NO_ROOM)) {
        return;
    }
    if (fin != tcb->rcv_nxt && HOLDS(work, FIN_IN_ORDER)) {
        return;
    }
    tcb->rcv_nxt++;
    tcb->rcv_wnd -= tcb->rcv_wnd > 0;
    say_ack(work);
    if (HOLDS(work, FIN_MOVES)) {
        move_by_fin(work);
    }
}

static void set_window(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    tcb->snd_wnd = work->seg->wnd;
    tcb->snd_wnd <<= has(work, ORACLE_SYN) || work->was_syn ? 0 : tcb->snd_wscale;
    tcb->snd_wnd_max = tcb->snd_wnd > tcb->snd_wnd_max ? tcb->snd_wnd : tcb->snd_wnd_max;
    tcb->snd_wl1 = work->seg->seq;
    tcb->snd_wl2 = work->seg->ack;
}

// §3.10.7.3, fourth
static void syn_sent_takes_syn(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    tcb->irs = work->seg->seq;
    tcb->rcv_nxt = work->seg->seq + 1;
    tcb->ts_recent = work->seg->has_ts ? work->seg->ts_val : tcb->ts_recent;
    tcb->has_timestamps = tcb->has_timestamps && work->seg->has_ts;
    tcb->user_nxt = tcb->rcv_nxt;
    if (has(work, ORACLE_ACK)) {
        tcb->snd_una = work->seg->ack;
        if (!HOLDS(work, SYN_SENT_OPENS)) {
            return;
        }
        enter(work, ORACLE_STATE_ESTABLISHED);
        set_window(work);
        say_ack(work);
        take_urgent(work);
        if (!take_text(work)) {
            take_fin(work);
        }
        return;
    }
    if (HOLDS(work, SYN_SENT_CROSSES)) {
        set_window(work);
        enter(work, ORACLE_STATE_SYN_RECEIVED);
        say_syn_ack(work);
    }
}

// §3.10.7.3
static void syn_sent(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t ack = work->seg->ack;
    if (has(work, ORACLE_ACK) && (less_or_equal(ack, tcb->iss) || less(tcb->snd_nxt, ack))
        && HOLDS(work, SYN_SENT_CHECKS_ACK)) {
        if (!has(work, ORACLE_RST) || !HOLDS(work, SYN_SENT_NO_RST_TO_RST)) {
            say_rst(work);
            work->out->has_syn_again = !has(work, ORACLE_SYN) && HOLDS(work, SYN_AFTER_CHALLENGE);
        }
        return;
    }
    if (has(work, ORACLE_RST)) {
        if (has(work, ORACLE_ACK) || !HOLDS(work, SYN_SENT_RST_NEEDS_ACK)) {
            enter(work, ORACLE_STATE_CLOSED);
        }
        return;
    }
    bool is_odd = has(work, ORACLE_FIN) && !has(work, ORACLE_ACK);
    if (has(work, ORACLE_SYN) && !(is_odd && HOLDS(work, ONLY_SYN))) {
        syn_sent_takes_syn(work);
    }
}

// RFC 6191 §2: a SYN that cannot be of the past takes the pair over.
static bool reopen(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    const struct oracle_segment *seg = work->seg;
    uint8_t control = seg->flags & (ORACLE_SYN | ORACLE_ACK | ORACLE_RST | ORACLE_FIN);
    bool is_syn = control == ORACLE_SYN;
    if (tcb->state != ORACLE_STATE_TIME_WAIT || !is_syn || !tcb->has_listener) {
        return false;
    }
    bool is_newer = less_or_equal(tcb->rcv_nxt, seg->seq);
    if (seg->has_ts && tcb->has_timestamps) {
        is_newer = less(tcb->ts_recent, seg->ts_val) || (tcb->ts_recent == seg->ts_val && is_newer);
    }
    if (!is_newer || !HOLDS(work, TIME_WAIT_NEWER)) {
        return false;
    }
    take_syn(work);
    work->out->has_new_iss = work->out->must_follow = HOLDS(work, NEXT_ISS);
    return true;
}

// RFC 7323 §5.3 R1, and §3.2 of what comes without.
static bool check_timestamp(struct work *work)
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
        note_old(work, work->length);
        return refuse(work, false);
    }
    return false;
}

static bool is_in_window(const struct oracle_tcb *tcb, uint32_t seq)
{
    return less_or_equal(tcb->rcv_nxt, seq) && less(seq, tcb->rcv_nxt + tcb->rcv_wnd);
}

// §3.10.7.4, first: the table of four.
static bool is_acceptable(const struct work *work)
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
static bool is_edge_ack(const struct work *work)
{
    uint32_t beyond = work->seg->seq - work->tcb->rcv_nxt - work->tcb->rcv_wnd;
    bool is_cached = work->tcb->state == ORACLE_STATE_SYN_RECEIVED && work->tcb->is_passive;
    return work->length == 0 && !is_cached && !has(work, ORACLE_RST) && beyond <= 1;
}

static bool check_sequence(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (is_acceptable(work)) {
        return false;
    }
    if (tcb->rcv_wnd == 0 && work->seg->seq == tcb->rcv_nxt && HOLDS(work, SHUT_WINDOW_HEARS)) {
        if (!has(work, ORACLE_RST)) {
            refuse(work, false);
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
        note_old(work, work->length);
        refuse(work, has(work, ORACLE_SYN)); // RFC 5961 §4.2: irrespective of its number
    }
    return true;
}

// The SYN that was taken before. Alone: our SYN+ACK was lost. With an acknowledgment: the other
// half of a simultaneous open, of which the SYN is no news.
static bool check_same_syn(struct work *work)
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

// Second: RFC 5961 §3.2.
static bool check_rst(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (!has(work, ORACLE_RST)) {
        return false;
    }
    if (tcb->state == ORACLE_STATE_TIME_WAIT && HOLDS(work, TIME_WAIT_RST)) {
        return true;
    }
    if (work->seg->seq != tcb->rcv_nxt && HOLDS(work, RST_EXACT)) {
        return refuse(work, true);
    }
    // Of a passive open LISTEN is what is left.
    return enter(work, ORACLE_STATE_CLOSED);
}

// Fourth: RFC 5961 §4.2.
static bool check_syn(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (!has(work, ORACLE_SYN)) {
        return false;
    }
    if (tcb->state == ORACLE_STATE_SYN_RECEIVED && tcb->is_passive && !HOLDS(work, HALF_OPEN_SYN)) {
        return enter(work, ORACLE_STATE_LISTEN);
    }
    return HOLDS(work, SYN_CHALLENGED) && refuse(work, true);
}

// Fifth, in SYN-RECEIVED.
static bool open_by_ack(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (less(tcb->snd_una, work->seg->ack) && less_or_equal(work->seg->ack, tcb->snd_nxt)) {
        if (!HOLDS(work, ACK_OPENS)) {
            return true;
        }
        tcb->snd_una = work->seg->ack;
        enter(work, ORACLE_STATE_ESTABLISHED);
        set_window(work);
        if (work->was_syn) { // which is not acceptable, and answered
            say_ack(work);
        }
        return false;
    }
    return HOLDS(work, ACK_OPENS_NOT) && say_rst(work);
}

static void update_window(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    const struct oracle_segment *seg = work->seg;
    bool is_newer = less(tcb->snd_wl1, seg->seq)
                    || (tcb->snd_wl1 == seg->seq && less_or_equal(tcb->snd_wl2, seg->ack));
    is_newer = is_newer || (less(tcb->snd_wl2, seg->ack) && HOLDS(work, WINDOW_ACK_NEWER));
    if (is_newer || !HOLDS(work, WINDOW_NEWER)) {
        set_window(work);
    }
}

// Our FIN is acknowledged; true when nothing is left of the segment to look at.
static bool move_by_ack(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    bool is_fin_acked = tcb->has_fin_out && tcb->snd_una == tcb->snd_nxt;
    if (!is_fin_acked || !HOLDS(work, FIN_ACKED)) {
        return false;
    }
    if (tcb->state == ORACLE_STATE_FIN_WAIT_1) {
        enter(work, ORACLE_STATE_FIN_WAIT_2);
    } else if (tcb->state == ORACLE_STATE_CLOSING) {
        enter(work, ORACLE_STATE_TIME_WAIT);
    } else if (tcb->state == ORACLE_STATE_LAST_ACK) {
        return enter(work, ORACLE_STATE_CLOSED);
    }
    return false;
}

// Fifth, from ESTABLISHED on.
static bool check_ack(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t ack = work->seg->ack;
    if (!has(work, ORACLE_ACK) && HOLDS(work, ACK_MUST_BE)) {
        return true;
    }
    if (tcb->state == ORACLE_STATE_SYN_RECEIVED) {
        return open_by_ack(work);
    }
    if (less(tcb->snd_nxt, ack) && HOLDS(work, ACK_TOO_NEW)) {
        return refuse(work, true);
    }
    if (less(ack, tcb->snd_una - tcb->snd_wnd_max) && HOLDS(work, ACK_TOO_OLD)) {
        return refuse(work, true);
    }
    if (less_or_equal(tcb->snd_una, ack) && less_or_equal(ack, tcb->snd_nxt)) {
        if (HOLDS(work, ACK_MOVES)) {
            tcb->snd_una = ack;
        }
        update_window(work);
    }
    return move_by_ack(work);
}

// RFC 7323 §4.3 (2): of a segment that is acceptable and begins at or before Last.ACK.sent.
static void follow_timestamp(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (tcb->has_timestamps && work->seg->has_ts && less_or_equal(tcb->ts_recent, work->seg->ts_val)
        && less_or_equal(work->seg->seq, tcb->last_ack_sent) && HOLDS(work, TS_RECENT)) {
        tcb->ts_recent = work->seg->ts_val;
    }
}

// What a stub can say in TIME-WAIT: the peer has said its last octet, so nothing is acceptable but
// an acknowledgment alone, and RFC 9293's steps come to this.
static bool time_wait(struct work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t fin = work->seg->seq + work->seg->text;
    if (tcb->state != ORACLE_STATE_TIME_WAIT) {
        return false;
    }
    if (check_rst(work) || check_syn(work) || !has(work, ORACLE_ACK)) {
        return true;
    }
    if (has(work, ORACLE_FIN) && fin == tcb->rcv_nxt - 1 && HOLDS(work, TIME_WAIT_FIN)) {
        tcb->ts_recent = work->seg->has_ts ? work->seg->ts_val : tcb->ts_recent;
        return say_ack(work);
    }
    bool is_bare = work->length == 0 && work->seg->seq - tcb->rcv_nxt <= 1;
    if (less(tcb->snd_nxt, work->seg->ack) || !is_bare) {
        return refuse(work, false);
    }
    return true;
}

// §3.10.7.4
static void otherwise(struct work *work)
{
    if (reopen(work) || check_timestamp(work) || check_same_syn(work)
        || (work->tcb->state == ORACLE_STATE_TIME_WAIT && HOLDS(work, TIME_WAIT_REST)
            && time_wait(work))
        || check_sequence(work)) {
        return;
    }
    bool is_late = HOLDS(work, TS_RECENT_LATE);
    if (!is_late) {
        follow_timestamp(work);
    }
    if (check_rst(work) || check_syn(work) || check_ack(work)) {
        return;
    }
    if (is_late) {
        follow_timestamp(work);
    }
    take_urgent(work);
    if (!take_text(work) && !work->ignores_text) {
        take_fin(work);
    }
}

// A peer whose window is shut accepts no other number than the one it expects.
static void mind_shut_peer(struct work *work)
{
    const struct oracle_tcb *tcb = work->tcb;
    bool is_ack = work->out->reply == ORACLE_SAYS_ACK && tcb->state >= ORACLE_STATE_ESTABLISHED;
    bool is_abort = work->out->reply == ORACLE_SAYS_RST_ACK && tcb->has_no_user;
    if ((is_ack || is_abort) && tcb->snd_wnd == 0 && HOLDS(work, SHUT_PEER)) {
        work->out->seq = tcb->snd_una;
    }
}

void oracle_judge(struct oracle *oracle, const struct oracle_tcb *tcb,
                  const struct oracle_segment *segment, struct oracle_verdict *out)
{
    *out = (struct oracle_verdict){.tcb = *tcb};
    struct work work = {
        .oracle = oracle,
        .seg = segment,
        .tcb = &out->tcb,
        .out = out,
        .up = segment->seq + segment->up,
        .length = segment->text + ((segment->flags & ORACLE_SYN) != 0)
                  + ((segment->flags & ORACLE_FIN) != 0),
    };
    if (segment->is_from_us && HOLDS(&work, LAND)) {
        return;
    }
    if (tcb->state == ORACLE_STATE_CLOSED) {
        closed(&work);
    } else if (tcb->state == ORACLE_STATE_LISTEN) {
        listens(&work);
    } else if (tcb->state == ORACLE_STATE_SYN_SENT) {
        syn_sent(&work);
    } else {
        otherwise(&work);
    }
    mind_shut_peer(&work);
    out->has_blocks = out->tcb.has_sack && HOLDS(&work, SACK_TELLS);
}

const char *oracle_state_name(enum oracle_state state)
{
    static const char *const name[] = {
#define ORACLE_STATE_TEXT(name, text) text,
        ORACLE_STATES(ORACLE_STATE_TEXT)
#undef ORACLE_STATE_TEXT
    };
    return name[state];
}

static const char *const rule_facts[][3] = {
#define ORACLE_RULE_FACTS(name, clause, text) {#name, clause, text},
    ORACLE_RULES(ORACLE_RULE_FACTS)
#undef ORACLE_RULE_FACTS
};

const char *oracle_rule_name(enum oracle_rule rule)
{
    return rule_facts[rule][0];
}

const char *oracle_rule_clause(enum oracle_rule rule)
{
    return rule_facts[rule][1];
}

const char *oracle_rule_text(enum oracle_rule rule)
{
    return rule_facts[rule][2];
}
