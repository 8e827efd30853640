// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7.1 to §3.10.7.3: nobody is there, somebody listens, or our SYN is out.
#include "matrix_oracle_internal.h"

// To one address at one time.
enum { RESETS_MAX = 1000 };

// §3.10.7.1
void oracle_closed(struct oracle_work *work)
{
    oracle_limit_answers(work, RESETS_MAX);
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
void oracle_take_syn(struct oracle_work *work)
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
void oracle_listens(struct oracle_work *work)
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
        oracle_take_syn(work);
    }
}

// §3.10.7.3, fourth
static void syn_sent_takes_syn(struct oracle_work *work)
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
        oracle_set_window(work);
        say_ack(work);
        oracle_take_rest(work);
        return;
    }
    if (HOLDS(work, SYN_SENT_CROSSES)) {
        oracle_set_window(work);
        enter(work, ORACLE_STATE_SYN_RECEIVED);
        say_syn_ack(work);
    }
}

// §3.10.7.3
void oracle_syn_sent(struct oracle_work *work)
{
    struct oracle_tcb *tcb = work->tcb;
    uint32_t ack = work->seg->ack;
    if (has(work, ORACLE_ACK) && (less_or_equal(ack, tcb->iss) || less(tcb->snd_nxt, ack))
        && HOLDS(work, SYN_SENT_CHECKS_ACK)) {
        if (!has(work, ORACLE_RST) || !HOLDS(work, SYN_SENT_NO_RST_TO_RST)) {
            say_rst(work);
            work->out->has_syn_again =
                !has(work, ORACLE_SYN) && !tcb->has_syn_again && HOLDS(work, SYN_AFTER_CHALLENGE);
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
