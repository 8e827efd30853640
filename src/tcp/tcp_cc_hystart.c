// SPDX-License-Identifier: MIT
//
// HyStart++, RFC 9406 §4.2 and the constants of §4.3; see tcp_cc_hystart.h.
#include "tcp/tcp_cc_hystart.h"

#include "tcp/tcp_cc.h"

enum {
    MIN_RTT_THRESH_US = 4000,
    MAX_RTT_THRESH_US = 16000,
    MIN_RTT_DIVISOR = 8,
    N_RTT_SAMPLE = 8,
    CSS_GROWTH_DIVISOR = 4,
    CSS_ROUNDS = 5,
    LIMIT_SEGMENTS = 8, // L without pacing
    NS_PER_US = 1000,
    PLAIN_SEGMENTS_MIN = 16,
};

static uint32_t lesser(uint32_t min_us, uint32_t rtt_us)
{
    return min_us == 0 || rtt_us < min_us ? rtt_us : min_us;
}

static void begin_block(struct tcp_cc_hystart *hystart)
{
    hystart->samples = 0;
    hystart->block_min_us = 0;
}

static void take_sample(struct tcp_cc_hystart *hystart, uint64_t rtt_ns)
{
    uint64_t us = (rtt_ns + NS_PER_US - 1) / NS_PER_US; // never 0, which is infinite
    uint32_t rtt_us = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    hystart->current_round_min_us = lesser(hystart->current_round_min_us, rtt_us);
    hystart->block_min_us = lesser(hystart->block_min_us, rtt_us);
    if (hystart->samples < N_RTT_SAMPLE) {
        hystart->samples++;
    }
}

// RttThresh above `base_us`.
static bool has_risen(const struct tcp_cc_hystart *hystart, uint32_t base_us)
{
    uint32_t threshold_us = tcp_cc_larger(
        MIN_RTT_THRESH_US, tcp_cc_smaller(base_us / MIN_RTT_DIVISOR, MAX_RTT_THRESH_US));
    return base_us != 0 && hystart->block_min_us >= (uint64_t)base_us + threshold_us;
}

// DEVIATES RFC 9406 §4.2: the RFC takes the least of a whole round, which a burst does not raise. A
// queue that fills within one round is then seen a round late, when as much again was sent. Paced
// data make no bursts: eight samples at a time see it at once. And a second rise ends slow start,
// for the queue has been found; five rounds, each a quarter larger, would overflow a queue of one
// path's worth.
static void judge(struct tcp_cc *cc, struct tcp_cc_hystart *hystart)
{
    if (!hystart->is_css && has_risen(hystart, hystart->last_round_min_us)) {
        hystart->is_css = true;
        hystart->css_rounds = 0;
        hystart->css_baseline_min_us = hystart->block_min_us;
    } else if (hystart->is_css && hystart->block_min_us < hystart->css_baseline_min_us) {
        hystart->is_css = false;
    } else if (hystart->is_css && has_risen(hystart, hystart->css_baseline_min_us)) {
        cc->ssthresh_bytes = cc->cwnd_bytes;
    }
}

// The part of a round in which Conservative Slow Start began counts as one.
static void begin_round(struct tcp_cc *cc, struct tcp_cc_hystart *hystart)
{
    hystart->last_round_min_us = hystart->current_round_min_us;
    hystart->current_round_min_us = 0;
    begin_block(hystart);
    if (hystart->is_css && ++hystart->css_rounds >= CSS_ROUNDS) {
        cc->ssthresh_bytes = cc->cwnd_bytes;
    }
}

static void grow(struct tcp_cc *cc, const struct tcp_cc_hystart *hystart,
                 const struct tcp_cc_ack *ack)
{
    uint64_t limit = (uint64_t)LIMIT_SEGMENTS * ack->mss_bytes;
    bool is_limited = !ack->is_paced && !ack->counts_all && ack->acked_bytes > limit;
    uint32_t more = is_limited ? (uint32_t)limit : ack->acked_bytes;
    more = tcp_cc_smaller(more, TCP_CC_CWND_MAX);
    cc->cwnd_bytes += hystart->is_css ? more / CSS_GROWTH_DIVISOR : more;
    cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes, TCP_CC_CWND_MAX);
}

// The ninth sample of a round and all after it are judged, above a window of sixteen segments, by
// the least round trip of the connection; then the window grows as congestion avoidance has it. A
// round lasts until more is acknowledged than had been sent when it began.
static void end_at_rise(struct tcp_cc *cc, struct tcp_cc_hystart *hystart,
                        const struct tcp_cc_ack *ack)
{
    uint32_t acked = (uint32_t)ack->delivered_bytes;
    uint64_t min_us = ack->rtt_min_ns / NS_PER_US;
    uint32_t base_us = min_us < UINT32_MAX ? (uint32_t)min_us : UINT32_MAX;
    if (ack->rtt_ns != 0 && cc->cwnd_bytes >= PLAIN_SEGMENTS_MIN * ack->mss_bytes) {
        if ((int32_t)(acked - hystart->round_end) > 0) {
            begin_block(hystart);
            hystart->round_end = acked + ack->flight_bytes;
        }
        bool is_judged = hystart->samples >= N_RTT_SAMPLE;
        take_sample(hystart, ack->rtt_ns);
        if (is_judged && has_risen(hystart, base_us)) {
            cc->ssthresh_bytes = cc->cwnd_bytes;
        }
    }
    if (ack->is_limited_by_cwnd && cc->ssthresh_bytes > cc->cwnd_bytes) {
        grow(cc, hystart, ack);
    }
}

void tcp_cc_hystart_on_ack(struct tcp_cc *cc, struct tcp_cc_hystart *hystart,
                           const struct tcp_cc_ack *ack)
{
    if (ack->has_plain_hystart) {
        end_at_rise(cc, hystart, ack);
        return;
    }
    if (ack->is_limited_by_cwnd) {
        grow(cc, hystart, ack);
    }
    if (ack->rtt_ns != 0) {
        take_sample(hystart, ack->rtt_ns);
    }
    if (hystart->samples >= N_RTT_SAMPLE) {
        judge(cc, hystart);
        if (ack->is_paced) {
            begin_block(hystart);
        }
    }
    if (ack->is_round_end) {
        begin_round(cc, hystart);
    }
}
