// SPDX-License-Identifier: MIT
//
// The words in which the oracle's files tell RFC 9293 §3.10.7, then what they say to each other,
// grouped by the file that defines it. A function that returns true has finished with the segment.
#ifndef MATRIX_ORACLE_INTERNAL_H
#define MATRIX_ORACLE_INTERNAL_H

#include "matrix_oracle.h"

// What one judgment works on.
struct oracle_work {
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

static inline bool holds(struct oracle *oracle, enum oracle_rule rule)
{
    oracle->asked[rule]++;
    return oracle->without != rule;
}

// a < b, a <= b on the circle of sequence numbers (RFC 9293 §3.4).
static inline bool less(uint32_t a, uint32_t b)
{
    return a != b && b - a < UINT32_C(0x80000000);
}

static inline bool less_or_equal(uint32_t a, uint32_t b)
{
    return a == b || less(a, b);
}

static inline bool has(const struct oracle_work *work, uint8_t flag)
{
    return (work->seg->flags & flag) != 0;
}

static inline bool say(struct oracle_work *work, enum oracle_reply reply, uint32_t seq,
                       uint32_t ack)
{
    work->out->reply = reply;
    work->out->seq = seq;
    work->out->ack = ack;
    return true;
}

static inline bool say_ack(struct oracle_work *work)
{
    return say(work, ORACLE_SAYS_ACK, work->tcb->snd_nxt, work->tcb->rcv_nxt);
}

// <SEQ=SEG.ACK><CTL=RST>
static inline bool say_rst(struct oracle_work *work)
{
    return say(work, ORACLE_SAYS_RST, work->seg->ack, 0);
}

static inline bool say_syn_ack(struct oracle_work *work)
{
    return say(work, ORACLE_SAYS_SYN_ACK, work->tcb->iss, work->tcb->rcv_nxt);
}

static inline bool enter(struct oracle_work *work, enum oracle_state state)
{
    work->tcb->state = state;
    return true;
}

// Half-open, of which a stub in the cache is all that is kept.
static inline bool is_cached(const struct oracle_tcb *tcb)
{
    return tcb->state == ORACLE_STATE_SYN_RECEIVED && tcb->is_passive && !tcb->has_block;
}

// matrix_oracle.c: how often equal segments are answered.
void oracle_limit_answers(struct oracle_work *work, uint32_t most);
// Of a segment that is not acceptable: an acknowledgment.
bool oracle_refuse(struct oracle_work *work, bool is_challenge);

// matrix_oracle_open.c: §3.10.7.1 to §3.10.7.3, the states before there is a peer.
void oracle_closed(struct oracle_work *work);
void oracle_listens(struct oracle_work *work);
void oracle_take_syn(struct oracle_work *work);
void oracle_syn_sent(struct oracle_work *work);

// matrix_oracle_sequence.c: §3.10.7.4, first, with the timestamps of RFC 7323.
bool oracle_check_timestamp(struct oracle_work *work);
bool oracle_check_same_syn(struct oracle_work *work);
bool oracle_check_sequence(struct oracle_work *work);
void oracle_follow_timestamp(struct oracle_work *work);

// matrix_oracle_control.c: §3.10.7.4, second to fifth.
bool oracle_check_rst(struct oracle_work *work);
bool oracle_check_syn(struct oracle_work *work);
bool oracle_check_ack(struct oracle_work *work);
void oracle_set_window(struct oracle_work *work);

// matrix_oracle_text.c: §3.10.7.4, sixth to eighth.
void oracle_take_rest(struct oracle_work *work);
// RFC 2883 §4: what lies before RCV.NXT, as far back as the peer can have come.
void oracle_note_old(struct oracle_work *work, uint32_t length);

// matrix_oracle_time_wait.c: TIME-WAIT, where a stub answers.
bool oracle_reopen(struct oracle_work *work);
bool oracle_time_wait(struct oracle_work *work);

#endif
