// SPDX-License-Identifier: MIT
//
// Builds segments: the header with its options into the packet's room, the payload as pieces of
// the send stream, and the checksum over both, or the part of it that the device completes.
#include <string.h>

#include "base/check.h"
#include "tcp/tcp_accecn.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_memory.h"
#include "tcp/tcp_sack.h"

enum {
    HEADER_AT = SYNFIN_PACKET_ROOM - 64, // what lies before it is for lower headers
    TIMESTAMPS_BYTES = 12,
    PROTOCOL_TCP = 6,
};

_Static_assert(SYNFIN_PACKET_ROOM - HEADER_AT >= WIRE_TCP_HEADER_MAX, "the largest header fits");

uint32_t tcp_emit_option_bytes(const struct tcp_conn *conn)
{
    uint32_t bytes = conn->uses_timestamps ? TIMESTAMPS_BYTES : 0;
    bytes += tcp_accecn_option_bytes(conn);
    uint32_t blocks = tcp_sack_count(conn);
    return blocks > 0 ? bytes + 4 + 8 * blocks : bytes;
}

// RFC 9293 §3.7.1 [MUST-14, SHLD-5, MAY-3].
static void add_syn_options(const struct tcp_conn *conn, struct wire_tcp *h)
{
    h->has_mss = true;
    h->mss = tcp_linux_offered_mss(conn);
    h->has_sack_permitted = conn->uses_sack;
    h->has_wscale = conn->uses_wscale;
    h->wscale_shift = conn->rcv.wscale_shift;
}

// RFC 9293 §3.8.5 [MUST-62]; urgent data of any length: while its end is farther ahead than the
// field reaches, the field says its largest value.
static void add_urgent(const struct tcp_conn *conn, const struct tcp_plan *plan, struct wire_tcp *h)
{
    if (conn->has_urgent_out && seq_gt(conn->snd.up, plan->seq)) {
        uint32_t ahead = seq_distance(plan->seq, conn->snd.up);
        h->flags |= SYNFIN_TCP_URG;
        h->urgent = (uint16_t)(ahead < UINT16_MAX ? ahead : UINT16_MAX);
    }
}

static void describe(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                     struct wire_tcp *h, uint64_t now_ns)
{
    bool is_syn = (plan->flags & SYNFIN_TCP_SYN) != 0;
    memset(h, 0, sizeof(*h));
    h->src_port = conn->pair.local_port;
    h->dst_port = conn->pair.remote_port;
    h->seq = plan->seq;
    h->flags = plan->flags;
    if ((plan->flags & SYNFIN_TCP_ACK) != 0) {
        h->ack = conn->rcv.nxt;
        tcp_memory_note(tcp, conn, now_ns);
        h->window = tcp_window_advertise(tcp, conn, is_syn);
    } else {
        h->window = tcp_window_of_syn(conn);
    }
    h->has_timestamps = conn->uses_timestamps;
    h->ts_val = tcp_paws_now(conn, now_ns);
    h->ts_ecr = conn->ts_recent;
    if (is_syn) {
        add_syn_options(conn, h);
    } else if (conn->uses_sack) {
        tcp_sack_add(conn, h);
    }
    add_urgent(conn, plan, h);
}

// Chunks may be so small that a packet has no more room for pieces: the segment is then shorter,
// and what it would have ended with goes with the next one.
static void add_payload(struct tcp_conn *conn, struct tcp_plan *plan, struct synfin_packet *packet)
{
    uint32_t pieces = 0;
    if (plan->bytes > 0) {
        struct seq first = plan->kind == TCP_PLAN_SYN ? seq_add(plan->seq, 1) : plan->seq;
        uint32_t offset = seq_distance(tcp_output_base(conn), first);
        uint32_t shown = stream_peek(&conn->send, offset, plan->bytes, packet->span, &pieces,
                                     SYNFIN_PACKET_SPANS);
        ASSERT(shown > 0);
        if (shown < plan->bytes) {
            plan->bytes = shown;
            plan->flags &= (uint16_t) ~(SYNFIN_TCP_FIN | SYNFIN_TCP_PSH);
            if (plan->reason == SYNFIN_REASON_SEND_FIN) {
                plan->reason = SYNFIN_REASON_SEND_DATA;
            }
        }
    }
    packet->spans = (uint16_t)pieces;
    packet->bytes = plan->bytes;
}

static void begin_packet(struct synfin_packet *packet)
{
    packet->head = packet->room + HEADER_AT;
    packet->spans = 0;
    packet->bytes = 0;
    packet->gso_bytes = 0;
    packet->checksum = SYNFIN_CHECKSUM_COMPLETE;
    packet->is_duplicate = 0;
    packet->checksum_start = packet->checksum_offset = 0;
    packet->reason = 0;
    packet->conn = 0;
}

static void emit_header(struct synfin_packet *packet, const struct wire_tcp *h)
{
    packet->head_bytes = wire_tcp_emit(packet->head, h);
    packet->bytes += packet->head_bytes;
}

// RFC 9293 §3.1 [MUST-2].
static void fill_checksum(const struct tcp *tcp, struct synfin_packet *packet,
                          const struct tcp_pair *pair)
{
    struct checksum sum;
    checksum_init_for(&sum, tcp->has_avx2);
    wire_pseudo_header_add(&sum, &pair->local, &pair->remote, PROTOCOL_TCP, packet->bytes);
    checksum_add(&sum, packet->head, packet->head_bytes);
    for (uint32_t i = 0; i < packet->spans; i++) {
        checksum_add(&sum, packet->span[i].data, packet->span[i].bytes);
    }
    wire_tcp_set_checksum(packet->head, checksum_finish(&sum));
}

// The device sums header and payload; we leave the sum of the pseudo-header in the field.
static void leave_checksum(struct synfin_packet *packet, const struct tcp_pair *pair)
{
    struct checksum sum;
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &pair->local, &pair->remote, PROTOCOL_TCP, packet->bytes);
    wire_tcp_set_checksum(packet->head, (uint16_t)~checksum_finish(&sum));
    packet->checksum = SYNFIN_CHECKSUM_PARTIAL;
    packet->checksum_start = 0;
    packet->checksum_offset = 16;
}

void tcp_emit_header(const struct tcp *tcp, struct synfin_packet *packet,
                     const struct tcp_pair *pair, const struct wire_tcp *h)
{
    begin_packet(packet);
    emit_header(packet, h);
    fill_checksum(tcp, packet, pair);
}

void tcp_emit(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
              struct synfin_packet *packet, uint64_t now_ns)
{
    struct wire_tcp h;
    uint32_t mss = tcp_output_segment_bytes(conn); // with the options that are owed until now
    begin_packet(packet);
    add_payload(conn, plan, packet);
    describe(tcp, conn, plan, &h, now_ns);
    if (plan->kind == TCP_PLAN_SYN) {
        tcp_fastopen_conn_add_option(tcp, conn, plan, &h, now_ns);
    }
    tcp_ecn_on_sending(conn, plan, &h);
    emit_header(packet, &h);
    if (plan->bytes > mss && plan->kind != TCP_PLAN_SYN && plan->kind != TCP_PLAN_MTU_PROBE) {
        packet->gso_bytes = (uint16_t)mss;
    }
    if (conn->path.can_checksum) {
        leave_checksum(packet, &conn->pair);
    } else {
        fill_checksum(tcp, packet, &conn->pair);
    }
    packet->reason = plan->reason;
    packet->conn = conn->number;
    struct tcp_sent sent = {.pair = &conn->pair,
                            .h = &h,
                            .number = conn->number,
                            .payload_bytes = plan->bytes,
                            .is_again = plan->is_again,
                            .reason = (enum synfin_reason)plan->reason};
    tcp_trace_sent(tcp, &sent, now_ns);
}
