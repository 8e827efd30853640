// SPDX-License-Identifier: MIT
//
// A flow for the tests of BBR: the algorithm without a connection, fed with samples that a test
// writes. The path carries 1,000,000 octets per second with a round trip of 100 ms: it holds 100
// segments of 1000 octets.
#ifndef BBR_FLOW_H
#define BBR_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/test_cmocka.h"

#include "tcp/tcp_cc_bbr.h"

#define BBR_MS UINT64_C(1000000)
#define BBR_S  UINT64_C(1000000000)

enum { BBR_MSS = 1000, BBR_BW = 1000000, BBR_BDP = 100000, BBR_RTT_MS = 100 };

struct bbr_flow {
    struct tcp_cc cc;
    struct tcp_bbr bbr;
    // Of the next acknowledgment; what a test leaves stays.
    uint64_t bw;           // delivery rate
    uint64_t rtt_ns;       // and how long after the last one it comes
    uint32_t volume_bytes; // delivered during the interval
    uint32_t acked_bytes;
    uint32_t flight_bytes; // after it
    uint32_t tx_in_flight_bytes;
    uint32_t lost_bytes; // during the interval
    bool is_app_limited, is_cwnd_limited;
    bool has_queue; // losses come with one: they are no chance

    uint64_t now_ns, delivered_bytes;
};

// In Startup, with an initial window of ten segments.
void bbr_flow_init(struct bbr_flow *flow, uint64_t seed);
// An acknowledgment that begins a round trip, and one that does not; whether BBR holds back.
bool bbr_flow_round(struct bbr_flow *flow);
bool bbr_flow_ack(struct bbr_flow *flow);
void bbr_flow_rounds(struct bbr_flow *flow, uint32_t count);
// One segment is lost that was sent with so much in flight, `lost_bytes` of it in all, and recovery
// begins.
void bbr_flow_lose(struct bbr_flow *flow, uint32_t tx_in_flight_bytes, uint32_t lost_bytes);
void bbr_flow_recover(struct bbr_flow *flow);
// Rounds at the path's rate until that phase is reached.
void bbr_flow_reach(struct bbr_flow *flow, enum tcp_bbr_phase phase);
void bbr_flow_expect(const struct bbr_flow *flow, enum tcp_bbr_phase phase);

#endif
