// SPDX-License-Identifier: MIT
//
// A segment for a half-open connection: RFC 9293 §3.10.7.4 in SYN-RECEIVED, by its steps and in
// their order, on a stub. Only a segment that passes all of them makes a connection block, so
// nothing that a stranger can send costs more than the stub.
#include "base/check.h"
#include "tcp/tcp_handshake.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_syncache.h"

struct half_open {
    struct tcp *tcp;
    struct tcp_stub *stub;
    struct tcp_conn *listener;
    struct tcp_segment *seg;
    uint64_t now_ns;
};

// RFC 5961 §7, by a count that no other connection can see, as blocks have it (tcp_challenge.c).
static bool may_challenge(const struct half_open *h)
{
    struct tcp_stub *stub = h->stub;
    uint32_t most = h->tcp->config.challenge_acks_per_second;
    uint32_t second = (uint32_t)(h->now_ns / NS_PER_S) & 15;
    if (stub->challenges_second != second) {
        stub->challenges_second = second & 15;
        stub->challenges = 0;
    }
    if (stub->challenges >= most || stub->challenges == TCP_STUB_CHALLENGES_MAX) {
        report_count(h->tcp->report, SYNFIN_REASON_DROP_CHALLENGE_LIMIT);
        return false;
    }
    stub->challenges++;
    return true;
}

// <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. A peer that began anew resets at that number.
static void challenge(const struct half_open *h, enum synfin_reason reason)
{
    const struct tcp_stub *stub = h->stub;
    if (!may_challenge(h)) {
        return;
    }
    struct tcp_stray stray = {
        .seq = seq_add(stub->ours, 1),
        .ack = seq_add(stub->theirs, 1),
        .flags = SYNFIN_TCP_ACK,
        .reason = (uint16_t)reason,
        .window = tcp_window_of_syn(h->listener),
        .number = stub->number,
        .iface = stub->iface,
        .has_timestamps = stub->has_timestamps,
        .ts_ecr = stub->ts_recent,
        .hop_limit = h->listener->set.hop_limit,
        .traffic_class = h->listener->set.traffic_class,
    };
    if (stub->as.half_open.wscale_shift != TCP_STUB_NO_WSCALE) {
        stray.window = (uint16_t)(stray.window >> stub->as.half_open.own_shift);
    }
    tcp_stub_pair(&h->tcp->half_open, stub, &stray.pair);
    stray.ts_val = tcp_isn_timestamp(h->tcp, &stray.pair, h->now_ns);
    tcp_syncache_send(h->tcp, h->stub, &stray, h->now_ns);
}

// RFC 7323 §4.3 (2): the answer echoes the SYN that it answers.
static void take_newer_timestamp(const struct half_open *h)
{
    const struct wire_tcp *seg = &h->seg->h;
    bool is_newer = (int32_t)(seg->ts_val - h->stub->ts_recent) > 0;
    if (h->stub->has_timestamps && seg->has_timestamps && is_newer) {
        h->stub->ts_recent = seg->ts_val;
    }
}

// RFC 9768 §3.1.5: a peer that asks for both kinds of ECN could end in either, and nobody would
// know in which.
static enum tcp_verdict refuse_both_kinds(const struct half_open *h)
{
    static const struct tcp_ending refused = {.to = SYNFIN_TCP_STATE_LISTEN,
                                              .error = SYNFIN_ERROR_REFUSED,
                                              .cause = SYNFIN_REASON_DROP_ECN_KINDS};
    tcp_syncache_reset(h->tcp, h->stub, h->seg, h->now_ns);
    tcp_syncache_end(h->tcp, h->stub, &refused, h->now_ns);
    return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_ECN_KINDS);
}

// The SYN again: our SYN+ACK was lost.
// DEVIATES RFC 9293 §3.10.7.4: answered by the SYN+ACK again and not by <ACK> alone, because
// a peer in SYN-SENT can do nothing with an ACK that has no SYN.
static enum tcp_verdict take_repeated_syn(const struct half_open *h)
{
    bool is_syn = tcp_segment_has(h->seg, SYNFIN_TCP_SYN)
                  && !tcp_segment_has(h->seg, SYNFIN_TCP_ACK | SYNFIN_TCP_RST);
    if (!is_syn || !seq_eq(h->seg->h.seq, h->stub->theirs)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!tcp_handshake_note_syn(h->stub, h->listener, h->seg)) {
        return refuse_both_kinds(h);
    }
    take_newer_timestamp(h);
    tcp_syncache_answer_again(h->tcp, h->stub, h->listener, h->now_ns);
    return tcp_segment_accept(h->seg, SYNFIN_REASON_RECEIVED_SYN_AGAIN);
}

// RFC 7323 §5.3, R1, and §3.2.
static enum tcp_verdict check_timestamp(const struct half_open *h)
{
    const struct wire_tcp *seg = &h->seg->h;
    if (!h->stub->has_timestamps || tcp_segment_has(h->seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seg->has_timestamps && tcp_segment_has(h->seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON; // a peer that restarted, perhaps: the challenge tells it
    }
    if (!seg->has_timestamps && tcp_linux_has(h->listener, SYNFIN_LINUX_WAY_BARE_SEGMENTS)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seg->has_timestamps) {
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_NO_TIMESTAMP);
    }
    if ((int32_t)(seg->ts_val - h->stub->ts_recent) >= 0) {
        return TCP_VERDICT_GO_ON;
    }
    challenge(h, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
    return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_PAWS);
}

// First step: the sequence number, within the window that the SYN+ACK offered.
static enum tcp_verdict check_sequence(const struct half_open *h)
{
    struct seq nxt = seq_add(h->stub->theirs, 1);
    uint32_t wnd = tcp_window_of_syn(h->listener);
    uint32_t len = tcp_segment_len(h->seg);
    struct seq seq = h->seg->h.seq;
    bool ends_inside = len > 0 && seq_within(seq_add(seq, len - 1), nxt, wnd);
    if (seq_within(seq, nxt, wnd) || ends_inside) {
        return TCP_VERDICT_GO_ON;
    }
    if (tcp_segment_has(h->seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_RST_OUT_OF_WINDOW);
    }
    if (tcp_segment_has(h->seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON; // RFC 5961 §4.2: irrespective of the sequence number
    }
    challenge(h, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
    return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_UNACCEPTABLE);
}

// Second: RST, with the exact match of RFC 5961 §3.2: back to LISTEN (RFC 9293 §3.5 [MUST-11]).
static enum tcp_verdict check_rst(const struct half_open *h)
{
    static const struct tcp_ending refused = {.to = SYNFIN_TCP_STATE_LISTEN,
                                              .error = SYNFIN_ERROR_REFUSED,
                                              .cause = SYNFIN_REASON_RST_ARRIVED};
    if (!tcp_segment_has(h->seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seq_eq(h->seg->h.seq, seq_add(h->stub->theirs, 1))) {
        challenge(h, SYNFIN_REASON_SEND_CHALLENGE_RST);
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_RST_INEXACT);
    }
    tcp_syncache_end(h->tcp, h->stub, &refused, h->now_ns);
    return tcp_segment_accept(h->seg, SYNFIN_REASON_RECEIVED_RST);
}

// Fourth: SYN.
// DEVIATES RFC 9293 §3.10.7.4: another SYN does not return to LISTEN, or one forged SYN that need
// not guess anything would end a stranger's handshake (models/: blind-syn-half-open). It is
// challenged as in RFC 5961 §4.2: a peer that did begin anew resets, and its next SYN is welcome.
static enum tcp_verdict check_syn(const struct half_open *h)
{
    if (!tcp_segment_has(h->seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON;
    }
    challenge(h, SYNFIN_REASON_SEND_CHALLENGE_SYN);
    return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_SYN_IN_CONNECTION);
}

// Fifth: ACK. Anything but our SYN is answered by its reset, and changes nothing.
static enum tcp_verdict check_ack(const struct half_open *h)
{
    if (!tcp_segment_has(h->seg, SYNFIN_TCP_ACK)) {
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_NO_ACK);
    }
    if (!seq_eq(h->seg->h.ack, seq_add(h->stub->ours, 1))
        && !tcp_syncache_believes_cookie(h->tcp, h->stub, h->listener, h->seg, h->now_ns)) {
        tcp_syncache_reset(h->tcp, h->stub, h->seg, h->now_ns);
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_BAD_ACK);
    }
    if (h->listener->listen.acceptables >= h->listener->listen.backlog) {
        return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_ACCEPT_QUEUE);
    }
    return TCP_VERDICT_GO_ON;
}

// The handshake is complete, but there is nothing yet to serve. What the client sends first
// acknowledges the same again.
static enum tcp_verdict check_deferred(const struct half_open *h)
{
    if (tcp_segment_len(h->seg) > 0 || !tcp_syncache_awaits_data(h->tcp, h->stub, h->listener)) {
        return TCP_VERDICT_GO_ON;
    }
    h->stub->is_answered = true;
    return tcp_segment_drop(h->seg, SYNFIN_REASON_DROP_DEFERRED);
}

enum tcp_verdict tcp_syncache_input(struct tcp *tcp, struct tcp_stub *stub, struct tcp_segment *seg,
                                    struct tcp_conn **out, uint64_t now_ns)
{
    typedef enum tcp_verdict (*step)(const struct half_open *h);
    static const step steps[] = {
        check_timestamp, take_repeated_syn, check_sequence, check_rst,
        check_syn,       check_ack,         check_deferred,
    };
    struct half_open h = {.tcp = tcp,
                          .stub = stub,
                          .listener =
                              tcp_port_find_listener(tcp, &seg->arrival->dst, seg->h.dst_port),
                          .seg = seg,
                          .now_ns = now_ns};
    ASSERT(h.listener != NULL);
    tcp_syncache_earn(stub, seg);
    for (uint32_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum tcp_verdict verdict = steps[i](&h);
        if (verdict != TCP_VERDICT_GO_ON) {
            return verdict;
        }
    }
    *out = tcp_syncache_promote(tcp, stub, h.listener, &seg->arrival->path, now_ns);
    return *out != NULL ? TCP_VERDICT_GO_ON : tcp_syncache_drop_third(tcp, seg);
}
