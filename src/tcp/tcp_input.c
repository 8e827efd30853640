// SPDX-License-Identifier: MIT
//
// Segment arrives: RFC 9293 §3.10.7. The segment is parsed and verified, its connection found,
// and then the steps of §3.10.7.4 run one after the other until one has decided:
//
//     timestamps -> sequence number -> RST -> SYN -> ACK -> urgent -> text and FIN
//
// CLOSED, LISTEN, half-open, SYN-SENT and TIME-WAIT have their own short lists
// (tcp_closed_input.c, tcp_listen_input.c, tcp_syncache_input.c, tcp_syn_sent_input.c,
// tcp_time_wait.c). A step may end and free the connection; it then
// decides ACCEPT or DROP, and nobody touches the connection again.
#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_syncache.h"
#include "tcp/tcp_time_wait.h"

// RFC 9293 §3.9.2.3 [MUST-57, MUST-63]; broadcasts of a subnet are net's to refuse.
static bool is_multicast(const struct synfin_addr *addr)
{
    if (addr_kind_is_ipv4(addr)) {
        return addr->octet[12] >= 224; // multicast, reserved and limited broadcast
    }
    return addr->octet[0] == 0xff;
}

// RFC 9293 §3.1 [MUST-3]; a device may have summed already.
static bool has_bad_checksum(const struct tcp *tcp, const struct tcp_arrival *arrival)
{
    if (arrival->is_checksum_verified) {
        return false;
    }
    struct checksum sum;
    checksum_init_for(&sum, tcp->has_avx2);
    wire_pseudo_header_add(&sum, &arrival->src, &arrival->dst, 6, arrival->segment.bytes);
    gather_checksum(&arrival->segment, &sum);
    return checksum_finish(&sum) != 0;
}

// What must hold of a segment before anything is looked up; UNKNOWN when it does.
static enum synfin_reason check_form(const struct tcp *tcp, const struct tcp_arrival *arrival,
                                     struct wire_tcp *h)
{
    enum synfin_reason reason =
        wire_tcp_parse(arrival->head, arrival->head_bytes, arrival->segment.bytes, h);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return reason;
    }
    if (has_bad_checksum(tcp, arrival)) {
        return SYNFIN_REASON_DROP_TCP_CHECKSUM;
    }
    if (h->src_port == 0 || h->dst_port == 0) {
        return SYNFIN_REASON_DROP_TCP_PORT_ZERO;
    }
    if (is_multicast(&arrival->src) || is_multicast(&arrival->dst)
        || synfin_addr_is_unspecified(&arrival->src)) {
        return SYNFIN_REASON_DROP_TCP_ADDRESS;
    }
    if (h->src_port == h->dst_port && addr_kind_is_equal(&arrival->src, &arrival->dst)) {
        return SYNFIN_REASON_DROP_TCP_LAND;
    }
    return SYNFIN_REASON_UNKNOWN;
}

// With an ACK only where two SYNs may have crossed (RFC 9293 §3.5, Figure 8): an end that was
// called has sent none that could.
static bool is_repeated_syn(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    uint16_t others = SYNFIN_TCP_RST | (conn->is_passive ? SYNFIN_TCP_ACK : 0);
    return conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED && tcp_segment_has(seg, SYNFIN_TCP_SYN)
           && !tcp_segment_has(seg, others) && seq_eq(seg->h.seq, conn->irs);
}

// The peer's SYN again in SYN-RECEIVED. With an ACK it is the other half of a simultaneous open,
// and its acknowledgment counts. Without one our SYN+ACK was lost.
// DEVIATES RFC 9293 §3.10.7.4: answered by the SYN+ACK again and not by <ACK> alone, because
// a peer in SYN-SENT can do nothing with an ACK that has no SYN.
static enum tcp_verdict take_repeated_syn(struct tcp *tcp, struct tcp_conn *conn,
                                          struct tcp_segment *seg, uint64_t now_ns)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        tcp_segment_take_syn_off(seg);
        seg->was_syn = true;
        return TCP_VERDICT_GO_ON;
    }
    tcp_paws_update(conn, seg, now_ns); // the SYN+ACK echoes the SYN that it answers
    tcp_ecn_on_syn_again(conn, seg);
    conn->snd.resend = conn->iss;
    conn->pending.resend_reason = SYNFIN_REASON_SEND_SYN_ACK_AGAIN;
    tcp_output_want(tcp, conn);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN_AGAIN);
}

// DEVIATES RFC 9293 §3.10.7.4: an acknowledgment alone may lie at the right edge, and one beyond
// it. A peer that has filled the window, or probed it, while we miss something before has no other
// number to send, and what it acknowledges must be heard or both ends wait for each other.
static bool is_ack_at_edge(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    return tcp_segment_len(seg) == 0 && !tcp_segment_has(seg, SYNFIN_TCP_RST)
           && seq_within(seg->h.seq, conn->rcv.nxt, tcp_window_open(conn) + 2);
}

// The four cases of RFC 9293 §3.10.7.4, Table 6. A shut window takes no text, but a FIN alone and a
// reset need no room: RFC 9293 §3.5.3 [SHLD-2], §3.4 [MUST-66].
static bool is_acceptable(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    uint32_t len = tcp_segment_len(seg);
    uint32_t wnd = tcp_window_open(conn);
    struct seq seq = seg->h.seq;
    if (wnd == 0) {
        bool needs_room = seg->text.bytes > 0 && !tcp_segment_has(seg, SYNFIN_TCP_RST);
        return !needs_room && seq_eq(seq, conn->rcv.nxt);
    }
    if (len == 0) {
        return seq_within(seq, conn->rcv.nxt, wnd);
    }
    return seq_within(seq, conn->rcv.nxt, wnd)
           || seq_within(seq_add(seq, len - 1), conn->rcv.nxt, wnd);
}

// A window probe: the text cannot be taken, but what the segment acknowledges counts
// (RFC 9293 §3.4 [MUST-66]: ACK, URG and RST are heard at a zero window).
static bool is_probe_of_shut_window(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    return tcp_window_open(conn) == 0 && seq_eq(seg->h.seq, conn->rcv.nxt)
           && !tcp_segment_has(seg, SYNFIN_TCP_SYN | SYNFIN_TCP_RST);
}

static void strip_probe(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                        uint64_t now_ns)
{
    tcp_challenge_answer(tcp, conn, seg, now_ns);
    seg->was_probe = true;
    gather_trim_right(&seg->text, seg->text.bytes);
    seg->h.flags &= (uint16_t)~SYNFIN_TCP_FIN;
}

// First step: the sequence number.
static enum tcp_verdict check_sequence(struct tcp *tcp, struct tcp_conn *conn,
                                       struct tcp_segment *seg, uint64_t now_ns)
{
    if (is_repeated_syn(conn, seg)) {
        return take_repeated_syn(tcp, conn, seg, now_ns);
    }
    if (is_acceptable(conn, seg) || is_ack_at_edge(conn, seg)) {
        return TCP_VERDICT_GO_ON;
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_OUT_OF_WINDOW);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON; // RFC 5961 §4.2: irrespective of the sequence number
    }
    if (is_probe_of_shut_window(conn, seg)) {
        strip_probe(tcp, conn, seg, now_ns);
        return TCP_VERDICT_GO_ON;
    }
    tcp_challenge_answer(tcp, conn, seg, now_ns);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_UNACCEPTABLE);
}

// Second step: RST, with the exact match of RFC 5961 §3.2. Text that comes with it is not looked at
// (RFC 9293 §3.5.3 [SHLD-2]). A block in SYN-RECEIVED was opened by both ends, or by
// Fast Open, and has a user then.
static enum tcp_verdict check_rst(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seq_eq(seg->h.seq, conn->rcv.nxt)) {
        tcp_challenge_send(tcp, conn, SYNFIN_REASON_SEND_CHALLENGE_RST, now_ns);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_INEXACT);
    }
    bool is_opening = conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED && !conn->is_passive;
    tcp_fastopen_conn_on_reset(tcp, conn, now_ns);
    tcp_life_end(tcp, conn, is_opening ? SYNFIN_ERROR_REFUSED : SYNFIN_ERROR_RESET,
                 SYNFIN_REASON_RST_ARRIVED, now_ns);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_RST);
}

// Fourth step: SYN. (The third, security, has no object here: RFC 9293 §A.1.)
static enum tcp_verdict check_syn(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON;
    }
    bool is_syn_ack_again =
        !conn->is_passive && seq_eq(seg->h.seq, conn->irs) && tcp_segment_has(seg, SYNFIN_TCP_ACK);
    if (is_syn_ack_again) {
        tcp_ecn_on_syn_again(conn, seg);
        tcp_linux_report_syn(conn);
    }
    tcp_challenge_send(tcp, conn,
                       is_syn_ack_again ? SYNFIN_REASON_SEND_HANDSHAKE_ACK_AGAIN
                                        : SYNFIN_REASON_SEND_CHALLENGE_SYN,
                       now_ns);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_SYN_IN_CONNECTION);
}

// What the network says of congestion, once the segment is known to be the peer's.
static enum tcp_verdict take_mark(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    (void)now_ns;
    tcp_ecn_on_received(tcp, conn, seg);
    return TCP_VERDICT_GO_ON;
}

typedef enum tcp_verdict (*input_step)(struct tcp *tcp, struct tcp_conn *conn,
                                       struct tcp_segment *seg, uint64_t now_ns);

// Other states, §3.10.7.4.
static enum tcp_verdict synchronised_input(struct tcp *tcp, struct tcp_conn *conn,
                                           struct tcp_segment *seg, uint64_t now_ns)
{
    static const input_step steps[] = {
        tcp_paws_check, check_sequence, check_rst,     check_syn,
        tcp_ack_check,  take_mark,      tcp_text_take,
    };
    enum tcp_verdict verdict = TCP_VERDICT_GO_ON;
    for (uint32_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        verdict = steps[i](tcp, conn, seg, now_ns);
        if (verdict != TCP_VERDICT_GO_ON) {
            break;
        }
    }
    return verdict;
}

static enum tcp_verdict dispatch(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                 uint64_t now_ns)
{
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        return tcp_syn_sent_input(tcp, conn, seg, now_ns);
    }
    return synchronised_input(tcp, conn, seg, now_ns);
}

// A pair in TIME-WAIT; a new SYN may end it, if somebody listens and takes the SYN.
static enum tcp_verdict time_wait_input(struct tcp *tcp, struct tcp_stub *stub,
                                        struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_conn *listener = tcp_port_find_listener(tcp, &seg->arrival->dst, seg->h.dst_port);
    if (listener == NULL || !tcp_time_wait_may_reuse(tcp, stub, seg)) {
        return tcp_time_wait_input(tcp, stub, seg, now_ns);
    }
    struct tcp_conn *none = NULL;
    seg->time_wait = stub;
    enum tcp_verdict verdict = tcp_listen_input(tcp, listener, seg, &none, now_ns);
    ASSERT(verdict == (seg->time_wait == NULL ? TCP_VERDICT_ACCEPT : TCP_VERDICT_DROP));
    return verdict;
}

// No block has this pair: perhaps a stub does, or somebody listens. GO_ON gives a new block.
static enum tcp_verdict deliver_without_block(struct tcp *tcp, struct tcp_segment *seg,
                                              const struct tcp_pair *pair, struct tcp_conn **out,
                                              uint64_t now_ns)
{
    struct tcp_stub *stub = tcp_stub_find(&tcp->half_open, pair, seg->hash);
    if (stub != NULL) {
        seg->number = stub->number;
        return tcp_syncache_input(tcp, stub, seg, out, now_ns);
    }
    stub = tcp_stub_find(&tcp->time_wait, pair, seg->hash);
    if (stub != NULL) {
        seg->number = stub->number;
        return time_wait_input(tcp, stub, seg, now_ns);
    }
    struct tcp_conn *listener = tcp_port_find_listener(tcp, &pair->local, pair->local_port);
    if (listener != NULL) {
        seg->number = listener->number;
        return tcp_listen_input(tcp, listener, seg, out, now_ns);
    }
    return tcp_closed_input(tcp, seg, now_ns);
}

static enum tcp_verdict deliver(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns)
{
    const struct tcp_arrival *arrival = seg->arrival;
    struct tcp_pair pair = {.local = arrival->dst,
                            .remote = arrival->src,
                            .local_port = seg->h.dst_port,
                            .remote_port = seg->h.src_port};
    struct tcp_conn *conn = tcp_table_find_again(tcp, &pair, &seg->hash);
    if (conn != NULL && conn->state == SYNFIN_TCP_STATE_TIME_WAIT) {
        tcp_time_wait_shrink(tcp, conn, now_ns); // before it could send its acknowledgment itself
        conn = tcp_table_find_again(tcp, &pair, &seg->hash);
    }
    if (conn == NULL) {
        enum tcp_verdict verdict = deliver_without_block(tcp, seg, &pair, &conn, now_ns);
        if (verdict != TCP_VERDICT_GO_ON) {
            return verdict;
        }
        ASSERT(conn != NULL);
    }
    seg->number = conn->number;
    conn->totals.segments_in++;
    return dispatch(tcp, conn, seg, now_ns);
}

void tcp_input(struct tcp *tcp, const struct tcp_arrival *arrival, uint64_t now_ns)
{
    struct tcp_segment seg; // its header is written by the parser
    seg.arrival = arrival;
    seg.text = arrival->segment;
    seg.number = 0;
    seg.was_probe = seg.was_syn = false;
    seg.time_wait = NULL;
    tcp->segments_in++;
    seg.reason = (uint16_t)check_form(tcp, arrival, &seg.h);
    if (seg.reason != SYNFIN_REASON_UNKNOWN) {
        tcp_trace_received(tcp, &seg, 0, SYNFIN_TRACE_SEGMENT_DROPPED, 0, now_ns);
        return;
    }
    gather_trim_left(&seg.text, seg.h.header_bytes);
    uint32_t payload_bytes = seg.text.bytes;
    struct seq seq = seg.h.seq;
    uint16_t flags = seg.h.flags;
    enum tcp_verdict verdict = deliver(tcp, &seg, now_ns);
    ASSERT(verdict != TCP_VERDICT_GO_ON && seg.reason != SYNFIN_REASON_UNKNOWN);
    seg.h.seq = seq; // steps trim; the trace shows the segment as it came
    seg.h.flags = flags;
    tcp_trace_received(tcp, &seg, seg.number,
                       verdict == TCP_VERDICT_DROP ? SYNFIN_TRACE_SEGMENT_DROPPED
                                                   : SYNFIN_TRACE_SEGMENT_RECEIVED,
                       payload_bytes, now_ns);
}
