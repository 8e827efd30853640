// SPDX-License-Identifier: MIT
//
// Pacing: data leave at a rate, not in bursts of a window (RFC 9002 §7.7, RFC 6937 §4, RFC 8985
// §9.3 all ask for it). The connection keeps one time, conn->pace_ns: when all that was sent would
// have left at the rate. Being ahead of it by less than a quantum is allowed, so that a timer fires
// once per quantum, never per packet; then what is due waits for SYNFIN_TCP_TIMER_PACE.
//
// The rate is the algorithm's own, or follows from the window: twice cwnd per round trip in slow
// start, so that the window can double, and 1.2 times after it, so that it stays in use. Round
// trips shorter than a quantum lasts are not paced by the window, and neither are windows of no
// more than the initial one, nor its own segments. SYNFIN_OPTION_PACING_RATE_MAX holds for all.
#ifndef SYNFIN_TCP_PACE_H
#define SYNFIN_TCP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_conn.h"

// Whether data are held to a rate at all.
bool tcp_pace_is_on(const struct tcp_conn *conn);
// Octets per second that data are held to now; 0: to none.
uint64_t tcp_pace_rate(const struct tcp_conn *conn);
// How long data must wait, ns; 0: they may go now.
uint64_t tcp_pace_wait(const struct tcp_conn *conn, uint64_t now_ns);
// The most that may go at once, octets: two segments or more. UINT32_MAX without a rate.
uint32_t tcp_pace_quantum(const struct tcp_conn *conn);
// Payload was sent, at whatever time.
void tcp_pace_on_sent(struct tcp_conn *conn, uint32_t bytes, uint64_t now_ns);
// A timeout: what was sent before has left the network, and counts against the user's limit alone.
void tcp_pace_forget(struct tcp_conn *conn);

#endif
