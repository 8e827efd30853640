// SPDX-License-Identifier: MIT
//
// Round trips, and the retransmission timeout that they make: RFC 6298.
#ifndef SYNFIN_TCP_RTT_H
#define SYNFIN_TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"
#include "base/windowed_min.h"

struct tcp;
struct tcp_conn;
struct tcp_delivery;
struct tcp_plan;
struct tcp_segment;

// Written by tcp_rtt.c.
struct tcp_rtt {
    uint64_t srtt_ns; // 0: no sample yet
    uint64_t rttvar_ns;
    uint64_t min_ns;   // least of the last minutes
    uint64_t timed_ns; // when `timed` was sent
    struct windowed_min least;
    struct seq timed;  // acknowledged by this number or later
    uint8_t backoff;   // how many times the timeout is doubled now
    bool is_timing;    // `timed` is on its way
    bool is_behind;    // something before `timed` was sent again: only its SACK says when it came
    bool was_spurious; // the last timeout: the next sample is taken for what the path has become
};

uint64_t tcp_rtt_timeout(const struct tcp *tcp, const struct tcp_conn *conn);
void tcp_rtt_sample(struct tcp_conn *conn, uint64_t rtt_ns, uint64_t now_ns);
// What is no sample of SRTT, but exact: for the minimum.
void tcp_rtt_note(struct tcp_conn *conn, uint64_t rtt_ns, uint64_t now_ns);
void tcp_rtt_on_sent(struct tcp_conn *conn, const struct tcp_plan *plan, uint64_t now_ns);
void tcp_rtt_on_acked(struct tcp_conn *conn, struct seq ack, uint64_t now_ns);
// What the acknowledgment of new data says of the round trip, for congestion control; 0: nothing.
// Before tcp_rtt_on_acked.
uint64_t tcp_rtt_of_ack(const struct tcp_conn *conn, const struct tcp_segment *seg,
                        uint64_t now_ns);
// After tcp_rtt_on_acked: a sample when the timed segment was SACKED, or a later one that was sent
// once. `is_answered`: tcp_rtt_of_ack said something. Returns the sample, or 0.
uint64_t tcp_rtt_on_delivered(struct tcp_conn *conn, const struct tcp_delivery *delivery,
                              bool is_answered, uint64_t now_ns);
// The same acknowledgment's echo, after tcp_rtt_of_ack.
void tcp_rtt_on_echo(struct tcp_conn *conn, const struct tcp_segment *seg, uint64_t now_ns);
void tcp_rtt_back_off(struct tcp_conn *conn);
// The timeout was spurious: RTO adapts to the next round trip that is measured.
void tcp_rtt_on_spurious(struct tcp_conn *conn);

#endif
