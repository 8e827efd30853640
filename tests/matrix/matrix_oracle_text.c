// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7.4, sixth to eighth: urgent octets, text and FIN, with what RFC 2018 and RFC 2883
// tell of text that comes too early or again.
#include "matrix_oracle_internal.h"

// The states in which the peer may still have something to say.
static bool takes_text(const struct oracle_tcb *tcb)
{
    return tcb->state == ORACLE_STATE_ESTABLISHED || tcb->state == ORACLE_STATE_FIN_WAIT_1
           || tcb->state == ORACLE_STATE_FIN_WAIT_2;
}

// Sixth: the pointer names what follows the urgent octets, and matters until the user is there.
static void take_urgent(struct oracle_work *work)
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

static void note_again(struct oracle_work *work, uint32_t length, struct oracle_block with)
{
    const struct oracle_block all = {work->seg->seq, work->seg->seq + length};
    const struct oracle_block again = common_part(all, with);
    if (work->tcb->has_sack && !has(work, ORACLE_SYN) && less(again.left, again.right)
        && HOLDS(work, SACK_TELLS_AGAIN)) {
        work->out->again = again;
    }
}

// RFC 2883 §4: what lies before RCV.NXT, as far back as the peer can have come.
void oracle_note_old(struct oracle_work *work, uint32_t length)
{
    const struct oracle_tcb *tcb = work->tcb;
    if (less(work->seg->seq, tcb->rcv_nxt)) {
        note_again(work, length, (struct oracle_block){tcb->irs + 1, tcb->rcv_nxt});
    }
}

// Or, without such, what waits beyond a gap.
static void note_old_or_kept(struct oracle_work *work)
{
    for (uint32_t i = 0; i < work->tcb->kept_count; i++) {
        note_again(work, work->seg->text, work->tcb->kept[i]);
    }
    oracle_note_old(work, work->seg->text);
}

static void take_in_order(struct oracle_work *work, uint32_t end)
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
static bool take_text(struct oracle_work *work)
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

static void move_by_fin(struct oracle_work *work)
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
static void forget_behind(struct oracle_work *work, uint32_t fin)
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
static void take_fin(struct oracle_work *work)
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

void oracle_take_rest(struct oracle_work *work)
{
    take_urgent(work);
    if (!take_text(work) && !work->ignores_text) {
        take_fin(work);
    }
}
