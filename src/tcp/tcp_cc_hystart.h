// SPDX-License-Identifier: MIT
//
// HyStart++ (RFC 9406): the first slow start ends when the round-trip time rises, before the queue
// overflows. A rise leads to Conservative Slow Start, a quarter as fast, which lasts five rounds
// or goes back when the rise was an accident.
//
// L, the most segments that one acknowledgment may add (§4.3), is 8 without pacing and has no
// limit with it, both as the RFC recommends; every other slow start keeps the 2 of RFC 3465 §2.2.
#ifndef SYNFIN_TCP_TCP_CC_HYSTART_H
#define SYNFIN_TCP_TCP_CC_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_cc;
struct tcp_cc_ack;

struct tcp_cc_hystart {
    uint32_t last_round_min_us;    // lastRoundMinRTT; 0: infinite
    uint32_t current_round_min_us; // currentRoundMinRTT; 0: infinite
    uint32_t css_baseline_min_us;  // cssBaselineMinRtt
    uint32_t block_min_us;         // paced: of the present eight samples; else of the round
    uint32_t round_end;            // octets acknowledged beyond which a round is over, without CSS
    uint8_t samples;               // rttSampleCount, up to eight
    uint8_t css_rounds;            // rounds of Conservative Slow Start that have ended
    bool is_css;
};

// One acknowledgment of the first slow start: grows the window, and sets ssthresh to it when slow
// start is over.
void tcp_cc_hystart_on_ack(struct tcp_cc *cc, struct tcp_cc_hystart *hystart,
                           const struct tcp_cc_ack *ack);

#endif
