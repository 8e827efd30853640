// SPDX-License-Identifier: MIT
//
// What to send next, as plans, and the segments made of them.
#ifndef SYNFIN_TCP_OUTPUT_H
#define SYNFIN_TCP_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"
#include "wire/wire_tcp.h"

// tcp_output.c
void tcp_output_want(struct tcp *tcp, struct tcp_conn *conn);
void tcp_output_forget(struct tcp *tcp, struct tcp_conn *conn);
// An acknowledgment is due now, alone or with data.
void tcp_output_acknowledge(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason);
// Where `send` begins in sequence space, and where it ends (the FIN's place).
struct seq tcp_output_base(const struct tcp_conn *conn);
struct seq tcp_output_end(const struct tcp_conn *conn);
// The number of a segment without data: SND.NXT, but SND.UNA while the peer's window is shut. A
// probe that was refused is no octet to it, and the number behind it lies outside its window: it
// would hear neither what we acknowledge nor a reset, and two ends that probe each other would wait
// for ever.
struct seq tcp_output_place(const struct tcp_conn *conn);
// Payload octets of one segment, with room left for SACK blocks (RFC 6691 §2).
uint32_t tcp_output_segment_bytes(const struct tcp_conn *conn);
// Everything in flight goes again.
void tcp_output_go_back(struct tcp_conn *conn);
// Octets queued and never sent.
uint32_t tcp_output_unsent(const struct tcp_conn *conn);
// Whether nothing but SYNFIN_OPTION_CORK holds what is unsent; and letting it go.
bool tcp_output_is_corked(const struct tcp_conn *conn);
void tcp_output_uncork(struct tcp *tcp, struct tcp_conn *conn);
// U: how many more octets the peer's window lets go.
uint32_t tcp_output_room(const struct tcp_conn *conn);
// How many more octets may be in flight, as far as the path is concerned.
uint32_t tcp_output_congestion_room(const struct tcp_conn *conn);
// Octets sent and neither acknowledged nor taken for lost, without a SYN.
static inline uint32_t tcp_output_flight(const struct tcp_conn *conn)
{
    uint32_t flight = seq_distance(conn->snd.una, conn->snd.resend);
    return flight - (!conn->is_syn_acked && flight > 0);
}

// tcp_emit.c
enum tcp_plan_kind {
    TCP_PLAN_SYN,
    TCP_PLAN_NEW,       // octets and FIN never sent before
    TCP_PLAN_FAST,      // the first segment in flight again, by fast retransmit
    TCP_PLAN_RESEND,    // from snd.resend on, by going back
    TCP_PLAN_LOST,      // what the scoreboard says is lost
    TCP_PLAN_TAIL,      // a tail-loss probe
    TCP_PLAN_PROBE,     // one octet into a shut window
    TCP_PLAN_KEEPALIVE, // nothing, one octet before SND.NXT
    TCP_PLAN_MTU_PROBE, // new octets, in a packet larger than others: tcp_mtu.h
    TCP_PLAN_ACK,       // a pure acknowledgment
};
struct tcp_plan {
    enum tcp_plan_kind kind;
    struct seq seq;
    uint32_t bytes; // payload
    uint16_t flags, reason;
    bool is_again; // these octets were sent before
};
// May shorten the plan to what one packet holds.
void tcp_emit(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
              struct synfin_packet *packet, uint64_t now_ns);
// Writes a header with checksum in front of the packet's payload, without a connection.
void tcp_emit_header(const struct tcp *tcp, struct synfin_packet *packet,
                     const struct tcp_pair *pair, const struct wire_tcp *h);
// Octets of options in a segment that is no SYN.
uint32_t tcp_emit_option_bytes(const struct tcp_conn *conn);

#endif
