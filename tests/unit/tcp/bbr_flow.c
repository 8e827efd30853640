// SPDX-License-Identifier: MIT
//
// The flow of bbr_flow.h.
#include "bbr_flow.h"

#include <string.h>

void bbr_flow_init(struct bbr_flow *flow, uint64_t seed)
{
    memset(flow, 0, sizeof *flow);
    flow->now_ns = 100 * BBR_S;
    flow->bw = BBR_BW;
    flow->rtt_ns = BBR_RTT_MS * BBR_MS;
    flow->volume_bytes = flow->flight_bytes = flow->tx_in_flight_bytes = BBR_BDP;
    flow->acked_bytes = BBR_BDP;
    flow->bbr.base.random = seed;
    flow->cc.ops = &tcp_cc_bbr;
    flow->cc.own.state = &flow->bbr.base;
    tcp_cc_open(&flow->cc, BBR_MSS, 10);
}

// A longer round trip would tell it, and change more than these tests are about.
static void show_queue(struct bbr_flow *flow)
{
    if (flow->has_queue) {
        flow->bbr.queue_seen_ns = flow->now_ns;
    }
}

static bool acknowledge(struct bbr_flow *flow, uint64_t prior_bytes)
{
    flow->now_ns += flow->rtt_ns;
    flow->delivered_bytes += flow->acked_bytes;
    struct tcp_rate_sample rate = {
        .delivered_bytes = flow->delivered_bytes,
        .prior_delivered_bytes = prior_bytes,
        .interval_ns = flow->rtt_ns,
        .bytes_per_s = flow->bw,
        .rtt_ns = flow->rtt_ns,
        .window_bytes = flow->volume_bytes,
        .lost_bytes = flow->lost_bytes,
        .acked_bytes = flow->acked_bytes,
        .tx_in_flight_bytes = flow->tx_in_flight_bytes,
        .has_prior = true,
        .is_app_limited = flow->is_app_limited,
        .is_cwnd_limited = flow->is_cwnd_limited,
    };
    struct tcp_cc_ack ack = {
        .acked_bytes = flow->acked_bytes,
        .flight_bytes = flow->flight_bytes,
        .mss_bytes = BBR_MSS,
        .is_limited_by_cwnd = flow->is_cwnd_limited,
        .rtt_ns = flow->rtt_ns,
        .now_ns = flow->now_ns,
        .rate = &rate,
    };
    if (flow->bbr.is_loss_in_round || flow->lost_bytes > 0) {
        show_queue(flow);
    }
    return flow->cc.ops->on_delivered(&flow->cc, &ack);
}

bool bbr_flow_round(struct bbr_flow *flow)
{
    return acknowledge(flow, flow->delivered_bytes);
}

bool bbr_flow_ack(struct bbr_flow *flow)
{
    uint64_t next = flow->bbr.next_round_delivered;
    assert_true(next > 0);
    return acknowledge(flow, next - 1);
}

void bbr_flow_rounds(struct bbr_flow *flow, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bbr_flow_round(flow);
    }
}

void bbr_flow_lose(struct bbr_flow *flow, uint32_t tx_in_flight_bytes, uint32_t lost_bytes)
{
    bool was_in_recovery = flow->bbr.is_in_recovery;
    struct tcp_cc_lost lost = {
        .delivered_bytes = flow->delivered_bytes,
        .lost_bytes = lost_bytes,
        .now_ns = flow->now_ns,
        .bytes = BBR_MSS,
        .tx_in_flight_bytes = tx_in_flight_bytes,
        .mss_bytes = BBR_MSS,
        .is_app_limited = flow->is_app_limited,
        .is_apart = true,
    };
    struct tcp_cc_loss loss = {.flight_bytes = flow->flight_bytes,
                               .mss_bytes = BBR_MSS,
                               .has_sack = true,
                               .now_ns = flow->now_ns};
    show_queue(flow);
    flow->cc.ops->on_lost(&flow->cc, &lost);
    if (!was_in_recovery) {
        flow->cc.ops->on_loss(&flow->cc, &loss);
    }
}

void bbr_flow_recover(struct bbr_flow *flow)
{
    struct tcp_cc_loss exit = {.mss_bytes = BBR_MSS, .has_sack = true, .now_ns = flow->now_ns};
    flow->cc.ops->on_recovered(&flow->cc, &exit);
}

void bbr_flow_reach(struct bbr_flow *flow, enum tcp_bbr_phase phase)
{
    for (uint32_t i = 0; i < 200 && flow->bbr.phase != phase; i++) {
        bbr_flow_round(flow);
    }
    bbr_flow_expect(flow, phase);
}

void bbr_flow_expect(const struct bbr_flow *flow, enum tcp_bbr_phase phase)
{
    assert_int_equal(flow->bbr.phase, phase);
}
