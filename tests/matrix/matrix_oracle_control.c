// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7.4, second to fifth: RST, SYN and the acknowledgment. The third, security, is no
// affair of ours.
#include "matrix_oracle_internal.h"

// Second: RFC 5961 §3.2.
bool oracle_check_rst(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (!has(work, ORACLE_RST)) {
        return false;
    }
    if (tcb->state == ORACLE_STATE_TIME_WAIT && HOLDS(work, TIME_WAIT_RST)) {
        return true;
    }
    if (work->seg->seq != tcb->rcv_nxt && HOLDS(work, RST_EXACT)) {
        return oracle_refuse(work, true);
    }
    // Of a passive open LISTEN is what is left.
    return enter(work, ORACLE_STATE_CLOSED);
}

// Fourth: RFC 5961 §4.2.
bool oracle_check_syn(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (!has(work, ORACLE_SYN)) {
        return false;
    }
    if (tcb->state == ORACLE_STATE_SYN_RECEIVED && tcb->is_passive && !HOLDS(work, HALF_OPEN_SYN)) {
        return enter(work, ORACLE_STATE_LISTEN);
    }
    return HOLDS(work, SYN_CHALLENGED) && oracle_refuse(work, true);
}

void oracle_set_window(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    tcb->snd_wnd = work->seg->wnd;
    tcb->snd_wnd <<= has(work, ORACLE_SYN) || work->was_syn ? 0 : tcb->snd_wscale;
    tcb->snd_wnd_max = tcb->snd_wnd > tcb->snd_wnd_max ? tcb->snd_wnd : tcb->snd_wnd_max;
    tcb->snd_wl1 = work->seg->seq;
    tcb->snd_wl2 = work->seg->ack;
}

// Fifth, in SYN-RECEIVED.
static bool open_by_ack(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    if (less(tcb->snd_una, work->seg->ack) && less_or_equal(work->seg->ack, tcb->snd_nxt)) {
        if (!HOLDS(work, ACK_OPENS)) {
            return true;
        }
        tcb->snd_una = work->seg->ack;
        enter(work, ORACLE_STATE_ESTABLISHED);
        oracle_set_window(work);
        if (work->was_syn) { // which is not acceptable, and answered
            say_ack(work);
        }
        return false;
    }
    return HOLDS(work, ACK_OPENS_NOT) && say_rst(work);
}

static void update_window(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    const struct oracle_segment *seg = work->seg;
    bool is_newer = less(tcb->snd_wl1, seg->seq)
                    || (tcb->snd_wl1 == seg->seq && less_or_equal(tcb->snd_wl2, seg->ack));
    is_newer = is_newer || (less(tcb->snd_wl2, seg->ack) && HOLDS(work, WINDOW_ACK_NEWER));
    if (is_newer || !HOLDS(work, WINDOW_NEWER)) {
        oracle_set_window(work);
    }
}

// Our FIN is acknowledged; true when nothing is left of the segment to look at.
static bool move_by_ack(struct oracle_work *work)
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
bool oracle_check_ack(struct oracle_work *work)
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
        return oracle_refuse(work, true);
    }
    if (less(ack, tcb->snd_una - tcb->snd_wnd_max) && HOLDS(work, ACK_TOO_OLD)) {
        return oracle_refuse(work, true);
    }
    if (less_or_equal(tcb->snd_una, ack) && less_or_equal(ack, tcb->snd_nxt)) {
        if (HOLDS(work, ACK_MOVES)) {
            tcb->snd_una = ack;
        }
        update_window(work);
    }
    return move_by_ack(work);
}
