// SPDX-License-Identifier: MIT
//
// Buffers that size themselves. The receive buffer is the largest window we offer: it has to hold
// what the reader takes in one round trip, and as much again, which arrives while a lost segment
// is being repaired. So the reader is measured, once per round trip, and not the network: a buffer
// does not grow for somebody who does not read. The send buffer has to hold what is in flight, and
// as much again for when that is acknowledged: it grows with the congestion window, when the user
// has filled it. Neither shrinks, neither grows when the user has set it, when the configured
// maximum is reached, or when memory is short (tcp_memory.h).
#ifndef SYNFIN_TCP_AUTOTUNE_H
#define SYNFIN_TCP_AUTOTUNE_H

#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_segment.h"

// Of a connection that has received more than a little.
struct tcp_autotune {
    uint64_t rtt_ns;       // round trip as the receiver sees it; 0: not known
    uint64_t round_ns;     // when the present round began
    uint64_t window_ns;    // without timestamps: when the window that is being received was offered
    struct seq window_end; // its right edge
    struct seq round_at;   // where the reader was when the round began
    uint32_t taken_bytes;  // by the reader, in the round before
    uint32_t echo;         // TSecr that was last measured by
};

// So many octets in order have come with this segment.
void tcp_autotune_on_text(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                          uint32_t bytes, uint64_t now_ns);
// The reader has taken octets.
void tcp_autotune_on_read(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The user has filled the send buffer, or waits for room in it.
void tcp_autotune_on_full(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// How far the receive buffer may grow: what the window scale has to cover.
uint32_t tcp_autotune_receive_max(const struct tcp *tcp, const struct tcp_conn *conn);
uint32_t tcp_autotune_send_max(const struct tcp *tcp, const struct tcp_conn *conn);
void tcp_autotune_free(struct tcp *tcp, struct tcp_conn *conn);

#endif
