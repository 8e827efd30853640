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
struct wire_tcp;

// How marks are echoed. What a stub keeps in two bits.
enum tcp_ecn_mode {
    TCP_ECN_NONE,
    TCP_ECN_CLASSIC,  // RFC 3168: one bit, once per round trip
    TCP_ECN_ACCURATE, // RFC 9768: counters, with every segment
};

// The two bits of the IP header, RFC 3168 §5.
enum tcp_ecn_field {
    TCP_ECN_NOT_ECT,
    TCP_ECN_ECT_1,
    TCP_ECN_ECT_0,
    TCP_ECN_CE,
};

enum { TCP_ECN_FIELD_MASK = 3 };

// Written by tcp_ecn.c and tcp_accecn.c.
struct tcp_ecn {
    uint8_t asked;         // enum tcp_ecn_mode: what our SYN asks for
    uint8_t mode;          // enum tcp_ecn_mode: agreed on
    uint8_t sent;          // enum tcp_ecn_field of the segment that was built last
    bool is_barred : 1;    // agreed on, but what we send is not ECN-capable
    bool is_echoing : 1;   // classic: a mark arrived and no CWR since: ECE with everything
    bool owes_cwr : 1;     // classic: the window was cut: CWR goes with the next new data
    bool is_cut : 1;       // and is not cut again until more than cut_end is acknowledged
    bool was_mark : 1;     // it was cut for a mark, not for a loss
    struct seq cut_end;    // SND.NXT when it was cut
    uint32_t marked_bytes; // of what the present acknowledgment acknowledges
    uint32_t received_ce;  // packets that arrived with a mark; accurate: r.cep less 5
    uint32_t delivered_ce; // ours that did, as far as the peer says; accurate: s.cep less 5

    // Accurate feedback only.
    bool is_deaf : 1;            // what the peer says of marks is not believed
    bool has_ace : 1;            // a counter was heard
    bool was_marked : 1;         // the last packet arrived with a mark
    bool was_syn_ack_marked : 1; // and is counted
    bool is_option_lost : 1;     // our options seem not to get through: none are sent
    bool is_option_zeroed : 1;   // the peer's are changed on the way: none are read
    bool tests_option : 1;       // until the first data, every segment carries one
    uint8_t syn_field;           // enum tcp_ecn_field of the peer's latest SYN or SYN+ACK
    uint8_t fields_owed;         // counters that moved since the last option that we sent
    uint8_t fields_used;         // that ever moved
    uint8_t marks_untold;        // that arrived since the last acknowledgment that we sent
    uint8_t packets_average;     // of an acknowledgment, in eighths
    uint32_t ceb, e0b, e1b;      // r.ceb; r.e0b and r.e1b less 1
    uint32_t delivered_ceb;      // s.ceb
};

// Negotiation

// How a listener with these settings, or an end whose own SYN crosses it, answers a SYN.
enum tcp_ecn_mode tcp_ecn_answer(const struct tcp_settings *set, uint16_t syn_flags);
// The flags of a SYN+ACK that agrees, for a SYN that arrived with this field, and for the how
// manieth time it goes again.
uint16_t tcp_ecn_flags_of_syn_ack(enum tcp_ecn_mode mode, uint8_t syn_field, uint32_t retries);
// How a third segment that brings a cookie back was answered; `stamped` is what the cookie says.
enum tcp_ecn_mode tcp_ecn_of_cookie(const struct tcp_settings *set, const struct tcp_segment *seg,
                                    enum tcp_ecn_mode stamped);
// Before our SYN is sent.
void tcp_ecn_open(struct tcp_conn *conn);
// The peer's first SYN+ACK, once it is taken; the SYN that crossed ours; the third segment.
void tcp_ecn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                        uint64_t now_ns);
void tcp_ecn_on_crossed_syn(struct tcp_conn *conn, const struct tcp_segment *seg);
void tcp_ecn_on_handshake_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                              uint64_t now_ns);
// A SYN or SYN+ACK that came before.
void tcp_ecn_on_syn_again(struct tcp_conn *conn, const struct tcp_segment *seg);

// Sending

// Adds flags and option to a segment that is built now, whose SACK blocks are there.
void tcp_ecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan, struct wire_tcp *h);
// Whether the next new data carry CWR. They go as one segment: what splits super-packets has ideas
// of its own about that flag.
static inline bool tcp_ecn_owes_cwr(const struct tcp_ecn *ecn)
{
    return ecn->owes_cwr;
}
// The same of a counter that has that flag's bit: RFC 9768 §3.3.4.
bool tcp_ecn_needs_single(const struct tcp_conn *conn);
// A SYN+ACK is answered by an acknowledgment alone, which says with which field it has arrived.
bool tcp_ecn_needs_pure_ack(const struct tcp_conn *conn);
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
