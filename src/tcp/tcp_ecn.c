// SPDX-License-Identifier: MIT
//
// Explicit congestion notification on connections: what both ends agree on, what goes out with
// which bits, and what comes back. tcp_ecn.h has the picture.
#include "tcp/tcp_ecn.h"

#include <synfin/config.h>

#include "tcp/tcp_internal.h"

// RFC 3168 §6.1.1: an ECN-setup SYN has both, an ECN-setup SYN+ACK has ECE alone.
static const uint16_t setup_flags = SYNFIN_TCP_ECE | SYNFIN_TCP_CWR;

// Negotiation

enum tcp_ecn_mode tcp_ecn_answer(const struct tcp_settings *set, uint16_t syn_flags)
{
    bool is_asked = (syn_flags & setup_flags) == setup_flags;
    return set->ecn != SYNFIN_ECN_NEVER && is_asked ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
}

uint16_t tcp_ecn_flags_of_syn_ack(enum tcp_ecn_mode mode)
{
    return mode == TCP_ECN_CLASSIC ? SYNFIN_TCP_ECE : 0;
}

void tcp_ecn_open(struct tcp_conn *conn)
{
    conn->ecn = (struct tcp_ecn){0};
    conn->ecn.asked = conn->set.ecn == SYNFIN_ECN_ASK ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
}

// RFC 3168 §6.1.1. Both flags are what some servers send that reflect every flag: not ECN.
void tcp_ecn_on_syn_ack(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    bool is_agreed = (seg->h.flags & setup_flags) == SYNFIN_TCP_ECE;
    if (conn->ecn.asked == TCP_ECN_CLASSIC && is_agreed) {
        conn->ecn.mode = TCP_ECN_CLASSIC;
    }
}

// RFC 3168 §6.1.1: who has sent a SYN that does not ask may not send ECN-capable packets, so both
// must have asked.
void tcp_ecn_on_crossed_syn(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    if (conn->ecn.asked != TCP_ECN_NONE) {
        conn->ecn.mode = (uint8_t)tcp_ecn_answer(&conn->set, seg->h.flags);
    }
}

// Sending

// RFC 3168 §6.1.1.1: a SYN without an answer may have been dropped for its flags and goes again
// without them; then nothing that we send may be ECN-capable (§6.1.1).
static uint16_t flags_of_syn(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_ecn *ecn = &conn->ecn;
    if ((plan->flags & SYNFIN_TCP_ACK) != 0) {
        return tcp_ecn_flags_of_syn_ack((enum tcp_ecn_mode)ecn->mode);
    }
    if (plan->reason == SYNFIN_REASON_SEND_SYN_AGAIN) {
        ecn->is_barred = true;
    }
    return ecn->asked == TCP_ECN_CLASSIC && !ecn->is_barred ? setup_flags : 0;
}

// RFC 3168 §6.1.4 to §6.1.6: not acknowledgments, window probes nor what is sent again.
static bool is_new_data(const struct tcp_plan *plan)
{
    bool is_kind = plan->kind == TCP_PLAN_NEW || plan->kind == TCP_PLAN_TAIL;
    return is_kind && plan->bytes > 0 && !plan->is_again;
}

uint16_t tcp_ecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->sent = TCP_ECN_NOT_ECT;
    if ((plan->flags & SYNFIN_TCP_SYN) != 0) {
        return flags_of_syn(conn, plan);
    }
    uint16_t flags = ecn->is_echoing ? SYNFIN_TCP_ECE : 0;
    if (ecn->mode == TCP_ECN_NONE || ecn->is_barred || !is_new_data(plan)) {
        return flags;
    }
    ecn->sent = TCP_ECN_ECT_0;
    if (ecn->owes_cwr) { // RFC 3168 §6.1.2: the first new data after the window was cut
        ecn->owes_cwr = false;
        flags |= SYNFIN_TCP_CWR;
    }
    return flags;
}

// RFC 3168 §6.1.2: for whatever reason the window was cut, the receiver is told.
static void note_cut(struct tcp_conn *conn, bool is_mark)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->owes_cwr = ecn->mode == TCP_ECN_CLASSIC && !ecn->is_barred;
    ecn->is_cut = true;
    ecn->was_mark = is_mark;
    ecn->cut_end = conn->snd.nxt;
}

void tcp_ecn_on_loss(struct tcp_conn *conn)
{
    if (conn->ecn.mode != TCP_ECN_NONE) {
        note_cut(conn, false);
    }
}

uint32_t tcp_ecn_window(const struct tcp_conn *conn)
{
    const struct tcp_ecn *ecn = &conn->ecn;
    uint32_t cwnd = conn->cc.cwnd_bytes;
    if (!ecn->is_cut || !ecn->was_mark || seq_gt(conn->snd.una, ecn->cut_end)) {
        return cwnd;
    }
    return tcp_cc_larger(cwnd, conn->cc.cwnd_prior_bytes);
}

// Receiving

// RFC 3168 §6.1.3: ECE from a mark until CWR; a mark on the segment with CWR is news. The first
// acknowledgment does not wait, so that the sender learns of it one round trip later.
void tcp_ecn_on_received(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    if (ecn->mode == TCP_ECN_NONE) {
        return;
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_CWR)) {
        ecn->is_echoing = false;
    }
    if (seg->arrival->ecn != TCP_ECN_CE || seg->text.bytes == 0) {
        return;
    }
    ecn->received_ce++;
    if (!ecn->is_echoing) {
        ecn->is_echoing = true;
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_MARKED);
    }
}

// RFC 9293 §3.8.2 [SHLD-8], RFC 3168 §6.1.2: at most once per window. The acknowledgment of all
// that was in flight when it was cut still echoes the old mark, as CWR goes with what comes behind.
static void respond(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns)
{
    if (conn->ecn.is_cut) {
        return;
    }
    struct tcp_cc_loss mark = {
        .flight_bytes = tcp_cc_smaller(tcp_output_flight(conn) + acked_bytes, conn->cc.cwnd_bytes),
        .mss_bytes = conn->snd.mss,
        .is_ecn = true,
        .now_ns = now_ns,
    };
    conn->cc.ops->on_loss(&conn->cc, &mark);
    note_cut(conn, true);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_MARK, now_ns);
}

void tcp_ecn_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                    const struct tcp_ecn_news *news, uint64_t now_ns)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->marked_bytes = 0;
    if (ecn->mode == TCP_ECN_NONE) {
        return;
    }
    ecn->is_cut = ecn->is_cut && seq_le(conn->snd.una, ecn->cut_end);
    if (ecn->is_barred || !tcp_segment_has(seg, SYNFIN_TCP_ECE)) {
        return;
    }
    uint32_t mss = conn->snd.mss;
    ecn->marked_bytes = news->acked_bytes;
    ecn->delivered_ce += (news->delivered_bytes + mss - 1) / mss;
    respond(tcp, conn, news->acked_bytes, now_ns);
}
