// SPDX-License-Identifier: MIT
//
// Oracle and stack side by side: the reply and its numbers, the state, what was delivered, and the
// variables of RFC 9293 §3.3.1 that have a meaning in that state.
#include "matrix_compare.h"

static enum oracle_reply kind_of(const struct matrix_seen *seen)
{
    if (seen->replies == 0) {
        return ORACLE_NONE;
    }
    bool has_text = seen->reply[0].payload_bytes > 0;
    switch (seen->reply[0].flags & ~(has_text ? ORACLE_PSH : 0)) {
    case ORACLE_ACK: return ORACLE_SAYS_ACK;
    case ORACLE_RST: return ORACLE_SAYS_RST;
    case ORACLE_RST | ORACLE_ACK: return ORACLE_SAYS_RST_ACK;
    case ORACLE_SYN | ORACLE_ACK: return ORACLE_SAYS_SYN_ACK;
    default: return ORACLE_REPLY_COUNT;
    }
}

// RFC 2018 §4, RFC 2883 §4: what has come again, the block around it, and the others.
static const char *compare_blocks(const struct oracle_verdict *expected,
                                  const struct segment_wire *reply)
{
    const struct oracle_tcb *tcb = &expected->tcb;
    uint32_t again = expected->again.left != expected->again.right;
    uint32_t count = expected->has_blocks ? tcb->kept_count + again : 0;
    uint32_t most = tcb->has_timestamps ? 3 : 4;
    if (reply->sack_blocks != (count < most ? count : most)) {
        return "the number of SACK blocks";
    }
    for (uint32_t i = 0; i < reply->sack_blocks; i++) {
        const struct oracle_block block = i < again ? expected->again : tcb->kept[i - again];
        if (reply->sack[i].left != block.left || reply->sack[i].right != block.right) {
            return "a SACK block";
        }
    }
    return NULL;
}

// Of a connection that goes on.
static const char *compare_offer(const struct oracle_verdict *expected,
                                 const struct matrix_seen *seen)
{
    const struct oracle_tcb *tcb = &expected->tcb;
    const struct segment_wire *reply = &seen->reply[0];
    if (!seen->has_block || expected->reply != ORACLE_SAYS_ACK) {
        return NULL;
    }
    if (reply->window != tcb->rcv_wnd) {
        return "the reply's window";
    }
    return compare_blocks(expected, reply);
}

static bool is_plain_syn(const struct segment_wire *segment, uint32_t iss)
{
    return segment->flags == ORACLE_SYN && segment->seq == iss && segment->payload_bytes == 0
           && !segment->fastopen.is_set;
}

static const char *compare_reply(const struct oracle_tcb *before,
                                 const struct oracle_verdict *expected,
                                 const struct matrix_seen *seen)
{
    if (seen->malformed != NULL) {
        return seen->malformed;
    }
    if (seen->replies != (expected->reply != ORACLE_NONE) + (uint32_t)expected->has_syn_again) {
        return "the number of replies";
    }
    const struct segment_wire *reply = &seen->reply[0];
    if (kind_of(seen) != expected->reply) {
        return "the reply";
    }
    if (expected->reply == ORACLE_NONE) {
        return NULL;
    }
    if (reply->seq != expected->seq && !expected->has_new_iss) {
        return "the reply's sequence number";
    }
    if (expected->must_follow && (int32_t)(reply->seq - before->snd_nxt) < 0) {
        return "the next incarnation's numbers";
    }
    if (expected->reply != ORACLE_SAYS_RST && reply->ack != expected->ack) {
        return "the reply's acknowledgment";
    }
    if (reply->payload_bytes != expected->text) {
        return "the reply's text";
    }
    if (expected->has_syn_again && !is_plain_syn(&seen->reply[1], before->iss)) {
        return "the SYN behind the reply";
    }
    bool is_stamped = before->has_timestamps && expected->reply == ORACLE_SAYS_ACK
                      && expected->tcb.has_timestamps && !expected->has_new_iss;
    if (is_stamped != reply->has_timestamps && expected->reply == ORACLE_SAYS_ACK) {
        return "the reply's timestamps";
    }
    if (is_stamped && reply->ts_ecr != expected->tcb.ts_recent) {
        return "the reply's TSecr";
    }
    return compare_offer(expected, seen);
}

enum oracle_state matrix_state_after(const struct oracle_verdict *expected)
{
    if (expected->tcb.state == ORACLE_STATE_CLOSED && expected->tcb.has_listener) {
        return ORACLE_STATE_LISTEN;
    }
    return expected->tcb.state;
}

static const char *compare_numbers(const struct oracle_verdict *expected,
                                   const struct matrix_seen *seen)
{
    const struct oracle_tcb *tcb = &expected->tcb;
    if (tcb->state == ORACLE_STATE_CLOSED || tcb->state == ORACLE_STATE_LISTEN) {
        return NULL;
    }
    if (seen->rcv_nxt != tcb->rcv_nxt && tcb->state != ORACLE_STATE_SYN_SENT) {
        return "RCV.NXT";
    }
    if (seen->snd_una != tcb->snd_una && !expected->has_new_iss) {
        return "SND.UNA";
    }
    if (seen->has_block && tcb->state != ORACLE_STATE_SYN_SENT && seen->snd_wnd != tcb->snd_wnd) {
        return "SND.WND";
    }
    if (tcb->has_timestamps && !expected->has_new_iss && tcb->state != ORACLE_STATE_SYN_SENT
        && seen->ts_recent != tcb->ts_recent) {
        return "TS.Recent";
    }
    if (seen->has_block && seen->has_urgent != tcb->has_urgent) {
        return "whether something is urgent";
    }
    return tcb->has_urgent && seen->has_block && seen->rcv_up != tcb->rcv_up ? "RCV.UP" : NULL;
}

const char *matrix_compare(const struct oracle_tcb *before, const struct oracle_verdict *expected,
                           const struct matrix_seen *seen)
{
    const char *differs = compare_reply(before, expected, seen);
    if (differs != NULL) {
        return differs;
    }
    if (seen->state != matrix_state_after(expected)) {
        return "the state";
    }
    bool is_over = seen->state == ORACLE_STATE_CLOSED || seen->state == ORACLE_STATE_LISTEN;
    if (seen->connections != !is_over) {
        return "how many connections there are";
    }
    if (seen->delivered != expected->delivered) {
        return "the octets delivered";
    }
    return seen->has_wrong_octets ? "what the octets are" : compare_numbers(expected, seen);
}

static const char *reply_name(enum oracle_reply reply)
{
    static const char *const name[ORACLE_REPLY_COUNT + 1] = {
        "nothing", "ACK", "RST", "RST,ACK", "SYN,ACK", "something else"};
    return name[reply];
}

void matrix_compare_print(FILE *out, const struct oracle_verdict *expected,
                          const struct matrix_seen *seen)
{
    const struct oracle_tcb *tcb = &expected->tcb;
    (void)fprintf(out,
                  "  expected: %s seq %u ack %u, %s, SND.UNA %u RCV.NXT %u SND.WND %u "
                  "TS.Recent %u, %u octets\n",
                  reply_name(expected->reply), (unsigned)expected->seq, (unsigned)expected->ack,
                  oracle_state_name(matrix_state_after(expected)), (unsigned)tcb->snd_una,
                  (unsigned)tcb->rcv_nxt, (unsigned)tcb->snd_wnd, (unsigned)tcb->ts_recent,
                  (unsigned)expected->delivered);
    (void)fprintf(out,
                  "  was:      %s seq %u ack %u, %s, SND.UNA %u RCV.NXT %u SND.WND %u "
                  "TS.Recent %u, %u octets\n",
                  reply_name(kind_of(seen)), (unsigned)seen->reply[0].seq,
                  (unsigned)seen->reply[0].ack, oracle_state_name(seen->state),
                  (unsigned)seen->snd_una, (unsigned)seen->rcv_nxt, (unsigned)seen->snd_wnd,
                  (unsigned)seen->ts_recent, (unsigned)seen->delivered);
}
