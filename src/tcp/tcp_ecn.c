// SPDX-License-Identifier: MIT
//
// Explicit congestion notification on connections: what both ends agree on, what goes out with
// which bits, and what comes back. tcp_ecn.h has the picture.
#include "tcp/tcp_ecn.h"

#include <synfin/config.h>

#include "tcp/tcp_accecn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"

// RFC 3168 §6.1.1: an ECN-setup SYN has both, an ECN-setup SYN+ACK has ECE alone. RFC 9768 §3.1.1:
// a SYN that asks for accurate feedback has all three.
static const uint16_t setup_flags = SYNFIN_TCP_ECE | SYNFIN_TCP_CWR;
static const uint16_t accurate_flags = SYNFIN_TCP_AE | SYNFIN_TCP_CWR | SYNFIN_TCP_ECE;

enum { PLAIN_RETRIES = 2 }; // RFC 9768 §3.1.4.1, §3.2.3.2.2: from this repetition on without ECN

// Negotiation

// RFC 9768 §3.1.3: combinations that nobody sends yet ask for accurate feedback.
enum tcp_ecn_mode tcp_ecn_answer(const struct tcp_settings *set, uint16_t syn_flags)
{
    uint16_t flags = syn_flags & accurate_flags;
    if (set->ecn == SYNFIN_ECN_NEVER || flags == 0) {
        return TCP_ECN_NONE;
    }
    if (set->has_accurate_ecn) {
        return flags == setup_flags ? TCP_ECN_CLASSIC : TCP_ECN_ACCURATE;
    }
    return (flags & setup_flags) == setup_flags ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
}

uint16_t tcp_ecn_flags_of_syn_ack(enum tcp_ecn_mode mode, uint8_t syn_field, uint32_t retries)
{
    switch (mode) {
    case TCP_ECN_NONE: break;
    case TCP_ECN_CLASSIC: return SYNFIN_TCP_ECE;
    case TCP_ECN_ACCURATE:
        return retries < PLAIN_RETRIES ? tcp_accecn_echo((enum tcp_ecn_field)syn_field) : 0;
    }
    return 0;
}

// RFC 9768 §5.1, §3.2.2.1 Note 3: the third segment's ACE is never 0 or 1 in accurate feedback;
// with data it is a counter, which begins with 5.
enum tcp_ecn_mode tcp_ecn_of_cookie(const struct tcp_settings *set, const struct tcp_segment *seg,
                                    enum tcp_ecn_mode stamped)
{
    uint32_t ace = tcp_accecn_ace(seg->h.flags);
    if (set->ecn == SYNFIN_ECN_NEVER) {
        return TCP_ECN_NONE;
    }
    if (set->has_accurate_ecn && ace >= (seg->text.bytes > 0 ? 4 : 2)) {
        return TCP_ECN_ACCURATE;
    }
    return stamped;
}

static enum tcp_ecn_mode wish(const struct tcp_settings *set)
{
    switch ((enum synfin_ecn)set->ecn) {
    case SYNFIN_ECN_NEVER: break;
    case SYNFIN_ECN_ACCEPT:
        if (set->congestion == SYNFIN_CONGESTION_DCTCP) { // which is NewReno without
            return set->has_accurate_ecn ? TCP_ECN_ACCURATE : TCP_ECN_CLASSIC;
        }
        break;
    case SYNFIN_ECN_ASK: return TCP_ECN_CLASSIC;
    case SYNFIN_ECN_ASK_ACCURATE: return TCP_ECN_ACCURATE;
    }
    return TCP_ECN_NONE;
}

void tcp_ecn_open(struct tcp_conn *conn)
{
    conn->ecn = (struct tcp_ecn){0};
    conn->ecn.asked = (uint8_t)wish(&conn->set);
}

// RFC 9768 §3.1.2 Table 2, RFC 3168 §6.1.1. All flags that were sent are what some servers send
// that reflect them: not ECN.
static enum tcp_ecn_mode agreement(enum tcp_ecn_mode asked, uint16_t syn_ack_flags)
{
    uint16_t flags = syn_ack_flags & accurate_flags;
    if (asked == TCP_ECN_NONE || flags == 0) {
        return TCP_ECN_NONE;
    }
    if (asked == TCP_ECN_CLASSIC || flags == SYNFIN_TCP_ECE) {
        return (flags & setup_flags) == SYNFIN_TCP_ECE ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
    }
    return flags == accurate_flags ? TCP_ECN_NONE : TCP_ECN_ACCURATE;
}

void tcp_ecn_on_crossed_syn(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    // RFC 3168 §6.1.1: who has sent a SYN that does not ask may not send ECN-capable packets, so
    // both must have asked.
    if (ecn->asked != TCP_ECN_NONE) {
        ecn->mode = (uint8_t)tcp_ecn_answer(&conn->set, seg->h.flags);
        ecn->syn_field = seg->arrival->ecn;
    }
}

// RFC 9768 §3.1.5: what is told is the latest one's field. A SYN that asks for nothing leaves the
// agreement as it is, but may come from an end that will not know of it.
void tcp_ecn_on_syn_again(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    if (ecn->mode != TCP_ECN_ACCURATE) {
        return;
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        tcp_accecn_take_syn_ack_field(conn, seg->arrival->ecn);
        return;
    }
    ecn->syn_field = seg->arrival->ecn;
    ecn->is_barred = ecn->is_barred || (seg->h.flags & accurate_flags) == 0;
}

// Sending

// RFC 3168 §6.1.1.1: a SYN without an answer may have been dropped for its flags and goes again
// without them; then nothing that we send may be ECN-capable (§6.1.1). RFC 9768 §3.1.4.1: the first
// repetition still asks, and who has asked for accurate feedback once need not fear the answer.
static uint16_t flags_of_syn(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_ecn *ecn = &conn->ecn;
    bool is_repeated = plan->reason == SYNFIN_REASON_SEND_SYN_AGAIN;
    if (ecn->asked == TCP_ECN_ACCURATE) {
        return conn->retries < PLAIN_RETRIES ? accurate_flags : 0;
    }
    ecn->is_barred = ecn->is_barred || is_repeated;
    return ecn->asked == TCP_ECN_CLASSIC && !ecn->is_barred ? setup_flags : 0;
}

// RFC 9768 §3.1.5: who has sent a SYN+ACK without the flags sends nothing ECN-capable.
static void add_to_syn_ack(struct tcp_conn *conn, struct wire_tcp *h)
{
    struct tcp_ecn *ecn = &conn->ecn;
    h->flags |=
        tcp_ecn_flags_of_syn_ack((enum tcp_ecn_mode)ecn->mode, ecn->syn_field, conn->retries);
    if (ecn->mode != TCP_ECN_ACCURATE) {
        return;
    }
    ecn->is_barred = ecn->is_barred || conn->retries >= PLAIN_RETRIES;
    if (conn->retries == 0 && !h->has_fastopen) { // RFC 9768 §3.2.3.2.1, §3.2.3.2.2
        tcp_accecn_initial_option(&h->accecn);
    }
}

// RFC 3168 §6.1.4 to §6.1.6: not acknowledgments, window probes nor what is sent again.
static bool is_new_data(const struct tcp_plan *plan)
{
    bool is_kind = plan->kind == TCP_PLAN_NEW || plan->kind == TCP_PLAN_TAIL;
    return is_kind && plan->bytes > 0 && !plan->is_again;
}

static void add_classic(struct tcp_conn *conn, struct wire_tcp *h)
{
    struct tcp_ecn *ecn = &conn->ecn;
    h->flags |= ecn->is_echoing ? SYNFIN_TCP_ECE : 0;
    if (ecn->owes_cwr && ecn->sent == TCP_ECN_ECT_0) { // RFC 3168 §6.1.2: the first new data
        ecn->owes_cwr = false;
        h->flags |= SYNFIN_TCP_CWR;
    }
}

void tcp_ecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan, struct wire_tcp *h)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->sent = TCP_ECN_NOT_ECT;
    if ((plan->flags & SYNFIN_TCP_SYN) == 0) {
        bool is_capable = ecn->mode != TCP_ECN_NONE && !ecn->is_barred && is_new_data(plan);
        ecn->sent = is_capable ? TCP_ECN_ECT_0 : TCP_ECN_NOT_ECT;
    } else if ((plan->flags & SYNFIN_TCP_ACK) == 0) {
        h->flags |= flags_of_syn(conn, plan);
        return;
    } else {
        add_to_syn_ack(conn, h);
        return;
    }
    switch ((enum tcp_ecn_mode)ecn->mode) {
    case TCP_ECN_NONE: break;
    case TCP_ECN_CLASSIC: add_classic(conn, h); break;
    case TCP_ECN_ACCURATE: tcp_accecn_on_sending(conn, plan, h); break;
    }
}

bool tcp_ecn_needs_single(const struct tcp_conn *conn)
{
    const struct tcp_ecn *ecn = &conn->ecn;
    return ecn->owes_cwr || (ecn->mode == TCP_ECN_ACCURATE && tcp_accecn_has_cwr(ecn));
}

bool tcp_ecn_needs_pure_ack(const struct tcp_conn *conn)
{
    uint32_t reason = conn->pending.ack_reason;
    return conn->ecn.mode == TCP_ECN_ACCURATE
           && (reason == SYNFIN_REASON_SEND_HANDSHAKE_ACK
               || reason == SYNFIN_REASON_SEND_HANDSHAKE_ACK_AGAIN);
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
static void echo(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
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

// RFC 8257 §3.2, for a sender that counts how much is acknowledged with ECE: it goes with the
// acknowledgment of what was marked, and of what was delayed before that. An acknowledgment apart
// for the latter, as the RFC allows, would be overtaken by the one behind it when a burst comes.
static void echo_each(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    bool is_marked = seg->arrival->ecn == TCP_ECN_CE;
    if (seg->text.bytes == 0) {
        return;
    }
    ecn->received_ce += is_marked;
    if (is_marked != ecn->is_echoing) {
        ecn->is_echoing = is_marked;
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_MARK_CHANGE);
    }
}

static void take_classic(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    if (conn->set.congestion == SYNFIN_CONGESTION_DCTCP) {
        echo_each(tcp, conn, seg);
    } else {
        echo(tcp, conn, seg);
    }
}

void tcp_ecn_on_received(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    switch ((enum tcp_ecn_mode)conn->ecn.mode) {
    case TCP_ECN_NONE: break;
    case TCP_ECN_CLASSIC: take_classic(tcp, conn, seg); break;
    case TCP_ECN_ACCURATE: tcp_accecn_on_received(tcp, conn, seg); break;
    }
}

// RFC 9293 §3.8.2 [SHLD-8], RFC 3168 §6.1.2: at most once per window. The acknowledgment of all
// that was in flight when it was cut still echoes the old mark, as CWR goes with what comes behind.
static void cut_once(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns)
{
    if (conn->ecn.is_cut) {
        return;
    }
    uint32_t flight = tcp_output_flight(conn) + acked_bytes;
    struct tcp_cc_loss mark = {
        .flight_bytes = tcp_linux_flight_to_cut(conn, tcp_cc_smaller(flight, conn->cc.cwnd_bytes)),
        .mss_bytes = conn->snd.mss,
        .is_ecn = true,
        .moves_by_segments = tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUBIC_STEPS),
        .now_ns = now_ns,
    };
    conn->cc.ops->on_loss(&conn->cc, &mark);
    note_cut(conn, true);
    if (tcp_linux_is_easing(conn) && conn->loss != NULL) {
        tcp_prr_begin(conn, acked_bytes);
    }
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_MARK, now_ns);
}

// RFC 4015 §3.4: what was cut is due now, whether or not what was taken for lost arrives later.
static void respond(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns)
{
    cut_once(tcp, conn, acked_bytes, now_ns);
    conn->cc.ssthresh_prior_bytes = 0;
}

// RFC 8257 §3.3: what is acknowledged by ECE counts as marked.
static bool hears_echo(struct tcp_conn *conn, const struct tcp_segment *seg,
                       const struct tcp_ecn_news *news)
{
    struct tcp_ecn *ecn = &conn->ecn;
    uint32_t mss = conn->snd.mss;
    if (ecn->is_barred || !tcp_segment_has(seg, SYNFIN_TCP_ECE)) {
        return false;
    }
    ecn->marked_bytes = news->acked_bytes;
    ecn->delivered_ce += (news->delivered_bytes + mss - 1) / mss;
    return true;
}

void tcp_ecn_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                    const struct tcp_ecn_news *news, uint64_t now_ns)
{
    struct tcp_ecn *ecn = &conn->ecn;
    bool is_marked = false;
    ecn->marked_bytes = 0;
    ecn->is_cut = ecn->is_cut && seq_le(conn->snd.una, ecn->cut_end);
    switch ((enum tcp_ecn_mode)ecn->mode) {
    case TCP_ECN_NONE: break;
    case TCP_ECN_CLASSIC: is_marked = hears_echo(conn, seg, news); break;
    case TCP_ECN_ACCURATE: is_marked = tcp_accecn_on_ack(tcp, conn, seg, news); break;
    }
    if (is_marked) {
        respond(tcp, conn, news->acked_bytes, now_ns);
    }
}

// RFC 9768 §3.2.2.2: a mark on a SYN or SYN+ACK counts like another, though neither is sent as
// ECN-capable and somebody on the way must have changed it.
void tcp_ecn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                        uint64_t now_ns)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->mode = (uint8_t)agreement((enum tcp_ecn_mode)ecn->asked, seg->h.flags);
    if (ecn->mode == TCP_ECN_ACCURATE && tcp_accecn_on_syn_ack(tcp, conn, seg)) {
        respond(tcp, conn, conn->cc.cwnd_bytes, now_ns);
    }
}

void tcp_ecn_on_handshake_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                              uint64_t now_ns)
{
    if (conn->ecn.mode == TCP_ECN_ACCURATE && tcp_accecn_on_handshake_ack(tcp, conn, seg)) {
        respond(tcp, conn, conn->cc.cwnd_bytes, now_ns);
    }
}
