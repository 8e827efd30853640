// SPDX-License-Identifier: MIT
//
// TIME-WAIT (RFC 9293 §3.6.1), kept as stubs in tcp->time_wait.
#ifndef SYNFIN_TCP_TIME_WAIT_H
#define SYNFIN_TCP_TIME_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_segment.h"

// Both FINs are acknowledged, or the peer's last one is about to be: the block stays until it has
// said what it has to say, and then becomes a stub.
void tcp_time_wait_enter(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                         uint64_t now_ns);
// The block becomes a stub: an orphan is freed, of others the handle is left. What it still owed is
// sent without it.
void tcp_time_wait_shrink(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

// The stub that a closed connection's block became; NULL when there is none any more.
struct tcp_stub *tcp_time_wait_of(const struct tcp *tcp, const struct tcp_conn *conn);
// A SYN for a pair in TIME-WAIT: true when a new connection may take the pair.
bool tcp_time_wait_may_reuse(const struct tcp *tcp, const struct tcp_stub *stub,
                             const struct tcp_segment *seg);
// The same for an active open of our own.
bool tcp_time_wait_may_take(const struct tcp *tcp, const struct tcp_stub *stub, uint64_t now_ns);
// The SYN is taken: the pair's TIME-WAIT, if any, ends, and seg->time_wait is NULL. Called before
// anything is told of the new connection.
void tcp_time_wait_give_way(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns);
// Ends it before its time. The stub is gone.
void tcp_time_wait_end(struct tcp *tcp, struct tcp_stub *stub, enum synfin_reason cause,
                       uint64_t now_ns);

enum tcp_verdict tcp_time_wait_input(struct tcp *tcp, struct tcp_stub *stub,
                                     struct tcp_segment *seg, uint64_t now_ns);
// Ends all whose time is over.
void tcp_time_wait_fire(struct tcp *tcp, uint64_t now_ns);

#endif
