// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7.4 in TIME-WAIT, and RFC 6191, which lets a new connection begin there.
#include "matrix_oracle_internal.h"

// RFC 6191 §2: a SYN that cannot be of the past takes the pair over.
bool oracle_reopen(struct oracle_work *work)
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
    oracle_take_syn(work);
    work->out->has_new_iss = work->out->must_follow = HOLDS(work, NEXT_ISS);
    return true;
}

// What a stub can say in TIME-WAIT: the peer has said its last octet, so nothing is acceptable but
// an acknowledgment alone, and RFC 9293's steps come to this.
bool oracle_time_wait(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t fin = work->seg->seq + work->seg->text;
    if (tcb->state != ORACLE_STATE_TIME_WAIT || !HOLDS(work, TIME_WAIT_REST)) {
        return false;
    }
    if (oracle_check_rst(work) || oracle_check_syn(work) || !has(work, ORACLE_ACK)) {
        return true;
    }
    if (has(work, ORACLE_FIN) && fin == tcb->rcv_nxt - 1 && HOLDS(work, TIME_WAIT_FIN)) {
        tcb->ts_recent = work->seg->has_ts ? work->seg->ts_val : tcb->ts_recent;
        return say_ack(work);
    }
    bool is_bare = work->length == 0 && work->seg->seq - tcb->rcv_nxt <= 1;
    if (less(tcb->snd_nxt, work->seg->ack) || !is_bare) {
        return oracle_refuse(work, false);
    }
    return true;
}
