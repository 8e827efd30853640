// SPDX-License-Identifier: MIT
//
// Accurate ECN feedback, RFC 9768: what connections in TCP_ECN_ACCURATE do.
#ifndef SYNFIN_TCP_ACCECN_H
#define SYNFIN_TCP_ACCECN_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_ecn.h"
#include "wire/wire_tcp.h"

// The three flags as a number, AE highest.
uint32_t tcp_accecn_ace(uint16_t flags);
// The flags that tell with which field a SYN or SYN+ACK has arrived.
uint16_t tcp_accecn_echo(enum tcp_ecn_field field);
// What a SYN+ACK carries.
void tcp_accecn_initial_option(struct wire_accecn *out);

// A SYN+ACK that agrees, the third segment at the other end; true when they tell of a mark.
bool tcp_accecn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg);
bool tcp_accecn_on_handshake_ack(struct tcp *tcp, struct tcp_conn *conn,
                                 const struct tcp_segment *seg);
// How a SYN+ACK has arrived, the first one or another.
void tcp_accecn_take_syn_ack_field(struct tcp_conn *conn, uint8_t field);

void tcp_accecn_on_received(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg);
// Counters and flags of a segment that is no SYN, the last of its options.
void tcp_accecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan, struct wire_tcp *h);
// Whether the counter that goes out next has CWR's bit.
bool tcp_accecn_has_cwr(const struct tcp_ecn *ecn);
// Octets of the option in the next segment.
uint32_t tcp_accecn_option_bytes(const struct tcp_conn *conn);
// True when marks are told of.
bool tcp_accecn_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                       const struct tcp_ecn_news *news);

// For its tests: of how many marks an ACE tells that has moved by `least`, when `packets` of `mss`
// are acknowledged and, unless NULL, so many octets of them are known to be marked.
uint32_t tcp_accecn_safer(uint32_t least, uint32_t packets, uint32_t mss, const uint32_t *ce_bytes);

#endif
