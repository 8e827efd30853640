// SPDX-License-Identifier: MIT
//
// RFC 9293 §3.10.7, SEGMENT ARRIVES, as plainly as it reads: by state, and where both ends have
// sent their SYN step by step. Each function is one paragraph.
#include "matrix_oracle_internal.h"

// To equal segments at one time; what is one limit for each connection.
enum { CHALLENGES_MAX = 10 };

void oracle_limit_answers(struct oracle_work *work, uint32_t most)
{
    work->out->answers_max = HOLDS(work, ANSWERS_LIMITED) ? most : most + 1;
}

// Of a segment that is refused: RFC 5961 §7 has answers to those limited, and docs/history.md 104
// those to what takes up no number, which the answer to an answer may be.
bool oracle_refuse(struct oracle_work *work, bool is_challenge)
{
    const struct oracle_tcb *tcb = work->tcb;
    bool is_limited =
        is_challenge || is_cached(tcb) || work->length == 0 || tcb->state == ORACLE_STATE_TIME_WAIT;
    // The first answer to a segment decides. The cache counts all alike.
    if (is_limited && !work->ignores_text) {
        bool is_counted = is_cached(tcb) || (is_challenge && tcb->state != ORACLE_STATE_TIME_WAIT);
        oracle_limit_answers(work, is_counted ? CHALLENGES_MAX : 1);
    }
    return say_ack(work);
}

// §3.10.7.4, first: true when the segment is not acceptable, or one that is answered by itself.
static bool check_first(struct oracle_work *work)
{
    return oracle_reopen(work) || oracle_check_timestamp(work) || oracle_check_same_syn(work)
           || oracle_time_wait(work) || oracle_check_sequence(work);
}

// Second to fifth.
static bool check_control(struct oracle_work *work)
{
    return oracle_check_rst(work) || oracle_check_syn(work) || oracle_check_ack(work);
}

// §3.10.7.4
static void otherwise(struct oracle_work *work)
{
    if (check_first(work)) {
        return;
    }
    bool is_late = HOLDS(work, TS_RECENT_LATE);
    if (!is_late) {
        oracle_follow_timestamp(work);
    }
    if (check_control(work)) {
        return;
    }
    if (is_late) {
        oracle_follow_timestamp(work);
    }
    oracle_take_rest(work);
}

// Our SYN is acknowledged now, and of the text that went with it perhaps a part: the rest goes at
// once, as far as the window reaches.
static void send_syn_text_again(struct oracle_work *work, enum oracle_state before)
{
    const struct oracle_tcb *tcb = work->tcb;
    bool was_opening = before == ORACLE_STATE_SYN_SENT || before == ORACLE_STATE_SYN_RECEIVED;
    bool is_open = tcb->state == ORACLE_STATE_ESTABLISHED || tcb->state == ORACLE_STATE_CLOSE_WAIT;
    uint32_t rest = tcb->snd_nxt - tcb->snd_una;
    uint32_t text = rest < tcb->snd_wnd ? rest : tcb->snd_wnd;
    if (was_opening && is_open && !tcb->is_passive && text > 0 && HOLDS(work, SYN_TEXT_AGAIN)) {
        say(work, ORACLE_SAYS_ACK, tcb->snd_una, tcb->rcv_nxt);
        work->out->text = text;
    }
}

// A peer whose window is shut accepts no other number than the one it expects.
static void mind_shut_peer(struct oracle_work *work)
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
    struct oracle_work work = {
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
        oracle_closed(&work);
    } else if (tcb->state == ORACLE_STATE_LISTEN) {
        oracle_listens(&work);
    } else if (tcb->state == ORACLE_STATE_SYN_SENT) {
        oracle_syn_sent(&work);
    } else {
        otherwise(&work);
    }
    send_syn_text_again(&work, tcb->state);
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
