// SPDX-License-Identifier: MIT
//
// Explicit congestion notification (RFC 3168): routers mark packets instead of dropping them, the
// receiver echoes marks, and the sender cuts its window as for a loss, with nothing lost.
//
//     SYN asks ------------------------> SYN+ACK agrees (or says nothing)
//     data, IP field ECT(0) --[router]--> data, IP field CE
//     cut once per window  <------------- ACK with ECE, and so on until
//     data with CWR ---------------------> no more ECE
//
// Nothing but data that is sent for the first time is ECN-capable (RFC 3168 §6.1.4 to §6.1.6).
#ifndef SYNFIN_TCP_ECN_H
#define SYNFIN_TCP_ECN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"

struct tcp;
struct tcp_conn;
struct tcp_plan;
struct tcp_segment;
struct tcp_settings;

// How marks are echoed. What a stub keeps in two bits.
enum tcp_ecn_mode {
    TCP_ECN_NONE,
    TCP_ECN_CLASSIC, // RFC 3168: one bit, once per round trip
};

// The two bits of the IP header, RFC 3168 §5.
enum tcp_ecn_field {
    TCP_ECN_NOT_ECT,
    TCP_ECN_ECT_1,
    TCP_ECN_ECT_0,
    TCP_ECN_CE,
};

enum { TCP_ECN_FIELD_MASK = 3 };

// Written by tcp_ecn.c.
struct tcp_ecn {
    uint8_t asked;         // enum tcp_ecn_mode: what our SYN asks for
    uint8_t mode;          // enum tcp_ecn_mode: agreed on
    uint8_t sent;          // enum tcp_ecn_field of the segment that was built last
    bool is_barred;        // agreed on, but what we send is not ECN-capable
    bool is_echoing;       // a mark arrived and no CWR since: ECE goes with every acknowledgment
    bool owes_cwr;         // the window was cut: CWR goes with the next new data
    bool is_cut;           // and is not cut again until more than cut_end is acknowledged
    bool was_mark;         // it was cut for a mark, not for a loss
    struct seq cut_end;    // SND.NXT when it was cut
    uint32_t marked_bytes; // of what the present acknowledgment acknowledges
    uint32_t received_ce;  // packets that arrived with a mark
    uint32_t delivered_ce; // packets of ours that arrived with one, as far as the peer says
};

// Negotiation

// How a listener with these settings, or an end whose own SYN crosses it, answers a SYN.
enum tcp_ecn_mode tcp_ecn_answer(const struct tcp_settings *set, uint16_t syn_flags);
// The flags of a SYN+ACK that agrees.
uint16_t tcp_ecn_flags_of_syn_ack(enum tcp_ecn_mode mode);
// Before our SYN is sent.
void tcp_ecn_open(struct tcp_conn *conn);
// The peer's first SYN+ACK; the SYN that crossed ours.
void tcp_ecn_on_syn_ack(struct tcp_conn *conn, const struct tcp_segment *seg);
void tcp_ecn_on_crossed_syn(struct tcp_conn *conn, const struct tcp_segment *seg);

// Sending

// What is added to the flags of this segment, which is built now.
uint16_t tcp_ecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan);
// Whether the next new data carry CWR. They go as one segment: what splits super-packets has ideas
// of its own about that flag.
static inline bool tcp_ecn_owes_cwr(const struct tcp_ecn *ecn)
{
    return ecn->owes_cwr;
}
// The window was cut for a loss.
void tcp_ecn_on_loss(struct tcp_conn *conn);
// The window that a loss found now is judged by: the one before a mark cut it, when the loss is of
// the same flight, for both are one sign of congestion.
uint32_t tcp_ecn_window(const struct tcp_conn *conn);

// Receiving

// A segment that passed every check up to its acknowledgment.
void tcp_ecn_on_received(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg);
// What an acknowledgment brings: by how much SND.UNA has moved, and how much is known to have
// arrived since the last one.
struct tcp_ecn_news {
    uint32_t acked_bytes, delivered_bytes;
};
// What it says of marks on what we sent. Before congestion control hears of it.
void tcp_ecn_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                    const struct tcp_ecn_news *news, uint64_t now_ns);

#endif
