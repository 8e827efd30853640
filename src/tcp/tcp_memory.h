// SPDX-License-Identifier: MIT
//
// One budget of memory for all connections of a stack, and who may have how much of it. No
// connection is promised a fixed part; each may hold as much as is free, so that one that holds
// much leaves the others at least as much as it has, and what is free shrinks as more of them hold
// something. Parts of the budget are kept for what matters more:
//
//     free:  all .......... 1/2 ...... 3/8 ...... 1/4 ...... 1/8 ...... 0
//            buffers grow    |          |          |          |
//            send queues fill, each to half of what is above 3/8
//            octets after a gap are kept ......... |          |
//            windows are offered, each as large as what is above 1/8
//            every connection may hold two segments, down to the last octet
//
// Free is what the environment may still give, every empty slab, and every chunk that lies unused
// in another.
// What was acknowledged is kept whatever happens.
#ifndef SYNFIN_TCP_MEMORY_H
#define SYNFIN_TCP_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

uint64_t tcp_memory_free(const struct tcp *tcp);
// Whether buffers may grow.
bool tcp_memory_is_plenty(const struct tcp *tcp);
// RCV.BUFF, two units of the window's scale at least: a smaller one would never be offered.
uint32_t tcp_memory_buffer_in_units(const struct tcp_conn *conn);
// The same and its counterpart, as far as memory allows.
uint32_t tcp_memory_receive_limit(const struct tcp *tcp, const struct tcp_conn *conn);
uint32_t tcp_memory_send_limit(const struct tcp *tcp, const struct tcp_conn *conn);
// How many of `bytes` octets in order may be taken; what is refused was not acknowledged.
uint32_t tcp_memory_may_take(const struct tcp *tcp, const struct tcp_conn *conn, uint32_t bytes);
// Whether octets after a gap may be kept. What was kept and reported (SACK) stays, unless its own
// connection needs the memory for what is in order: RFC 2018 §8 allows that, but a sender that
// sees it must send all of it again, so it is no means against mere shortage.
bool tcp_memory_may_keep(const struct tcp *tcp);
// Traces when memory begins or ceases to hold the connection's window down.
void tcp_memory_note(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The connection has nothing queued whose acknowledgment could tell it of room: it is told
// when there is a chunk again.
void tcp_memory_await(struct tcp *tcp, struct tcp_conn *conn);
void tcp_memory_wake(struct tcp *tcp);

#endif
