// SPDX-License-Identifier: MIT
//
// The congestion window's way through recovery, and recovery of peers without SACK.
#ifndef SYNFIN_TCP_RECOVERY_H
#define SYNFIN_TCP_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_frto.h"
#include "tcp/tcp_output.h"
#include "tcp/tcp_segment.h"

// Both kinds of recovery cut the window, give it its way out, and let it grow alike.
void tcp_recovery_enter(struct tcp *tcp, struct tcp_conn *conn, uint32_t flight_bytes,
                        enum synfin_reason reason, uint64_t now_ns);
void tcp_recovery_leave(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_recovery_grow(struct tcp_conn *conn, uint32_t acked_bytes, uint64_t rtt_ns,
                       uint64_t now_ns);
// What the acknowledgment has delivered, for algorithms that go by that.
void tcp_recovery_deliver(struct tcp_conn *conn, const struct tcp_rate_sample *sample,
                          uint64_t now_ns);
void tcp_recovery_forget_recover(struct tcp_conn *conn);
void tcp_recovery_on_duplicate_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// `rtt_ns` as tcp_rtt_of_ack has it.
void tcp_recovery_on_ack(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes,
                         uint64_t rtt_ns, uint64_t now_ns);
void tcp_recovery_on_sent(struct tcp_conn *conn);
// The duplicates that have told of a loss have left the network, and so has each further one.
void tcp_recovery_begin_inflation(struct tcp_conn *conn);
void tcp_recovery_inflate(struct tcp_conn *conn);
void tcp_recovery_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#endif
