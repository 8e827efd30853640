// SPDX-License-Identifier: MIT
//
// BBR (tcp_cc_bbr.h) as a plug-in: what happens at each event, in the draft's order (§5.2), and the
// two numbers that come out: the pacing rate and the window (§5.6). The send quantum of §5.6.3 is
// the core's own (tcp_pace.h); it is counted here for what offloading holds.
#include "tcp/tcp_cc_bbr.h"

#include "base/deadline.h"

enum { MARGIN_PERCENT = 99, QUANTUM_BYTES_MAX = 65536, QUANTUM_SEGMENTS_MIN = 2 };

// §5.6.1
static const struct {
    uint16_t pacing_percent, cwnd_percent;
} GAINS[] = {
    [TCP_BBR_PHASE_STARTUP] = {277, 200}, // 4 * ln 2
    [TCP_BBR_PHASE_DRAIN] = {50, 200},    [TCP_BBR_PHASE_DOWN] = {90, 200},
    [TCP_BBR_PHASE_CRUISE] = {100, 200},  [TCP_BBR_PHASE_REFILL] = {100, 200},
    [TCP_BBR_PHASE_UP] = {125, 225},      [TCP_BBR_PHASE_PROBE_RTT] = {100, 50},
};
_Static_assert(sizeof(GAINS) / sizeof(GAINS[0]) == TCP_BBR_PHASE_COUNT, "one row for each");

// §5.6.2.
// DEVIATES ccwg-bbr §5.6.2: the margin lets a queue drain. While Cruise sees none there is nothing
// to drain, and 1 % of the path would stay empty between two probes.
static uint32_t margin_percent(const struct tcp_bbr *bbr)
{
    bool is_needless = bbr->phase == TCP_BBR_PHASE_CRUISE && tcp_bbr_chance_has_no_queue(bbr);
    return is_needless ? 100 : MARGIN_PERCENT;
}

uint8_t tcp_cc_bbr_sent_percent(const struct tcp_bbr *bbr)
{
    uint32_t percent =
        tcp_cc_smaller(GAINS[bbr->phase].pacing_percent, GAINS[bbr->phase].cwnd_percent);
    return (uint8_t)(tcp_cc_smaller(percent, 100) * margin_percent(bbr) / 100);
}

// Until the pipe is full the rate does not fall: samples may be the application's.
// DEVIATES ccwg-bbr §5.6.2: what the path loses by chance goes beyond bw, so that bw is delivered.
void tcp_cc_bbr_pace(struct tcp_cc *cc, uint32_t gain_percent)
{
    const struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint64_t rate = tcp_bbr_chance_outweigh(bbr, bbr->bw) * gain_percent / 100;
    rate = rate * margin_percent(bbr) / 100;
    if (rate > cc->pacing_rate || (bbr->full_bw_reached && rate > 0)) {
        cc->pacing_rate = rate;
    }
}

// §5.6.2: the initial window per round trip, 1 ms while that is not known.
static void pace_at_first(struct tcp_cc *cc, uint64_t srtt_ns)
{
    const struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint64_t window =
        (uint64_t)bbr->initial_cwnd_bytes * GAINS[TCP_BBR_PHASE_STARTUP].pacing_percent / 100;
    cc->pacing_rate = window * NS_PER_S / (srtt_ns > 0 ? srtt_ns : NS_PER_MS) + 1;
}

void tcp_cc_bbr_save_cwnd(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bool is_modulated = bbr->is_in_recovery || bbr->phase == TCP_BBR_PHASE_PROBE_RTT;
    bbr->prior_cwnd_bytes =
        is_modulated ? tcp_cc_larger(bbr->prior_cwnd_bytes, cc->cwnd_bytes) : cc->cwnd_bytes;
}

void tcp_cc_bbr_restore_cwnd(struct tcp_cc *cc)
{
    cc->cwnd_bytes = tcp_cc_larger(cc->cwnd_bytes, tcp_cc_bbr_of(cc)->prior_cwnd_bytes);
}

static void set_quantum(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint64_t bytes = deadline_min(cc->pacing_rate / (NS_PER_S / NS_PER_MS), QUANTUM_BYTES_MAX);
    bbr->send_quantum_bytes = tcp_cc_larger((uint32_t)bytes, QUANTUM_SEGMENTS_MIN * bbr->mss_bytes);
}

// BoundCwndForModel, §5.6.4.7
static uint32_t cap_of(const struct tcp_bbr *bbr)
{
    uint32_t cap = TCP_CC_CWND_MAX;
    if (bbr->phase == TCP_BBR_PHASE_CRUISE || bbr->phase == TCP_BBR_PHASE_PROBE_RTT) {
        cap = tcp_bbr_loss_with_headroom(bbr);
    } else if (tcp_bbr_phase_is_probe_bw(bbr)) {
        cap = bbr->inflight_longterm;
    }
    cap = tcp_cc_smaller(cap, bbr->inflight_shortterm);
    return tcp_cc_larger(cap, tcp_bbr_model_min_pipe(bbr));
}

// SetCwnd, §5.6.4.6
static void set_cwnd(struct tcp_cc *cc, uint32_t acked_bytes)
{
    const struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint32_t bdp = tcp_bbr_model_bdp(bbr, bbr->bw, GAINS[bbr->phase].cwnd_percent);
    uint32_t max_inflight = tcp_bbr_model_quantized(bbr, bdp + bbr->extra_acked);
    uint32_t cwnd = cc->cwnd_bytes;
    if (bbr->full_bw_reached) {
        cwnd = tcp_cc_smaller(cwnd + acked_bytes, max_inflight);
    } else if (cwnd < max_inflight || bbr->delivered_bytes < bbr->initial_cwnd_bytes) {
        cwnd += acked_bytes;
    }
    cwnd = tcp_cc_larger(cwnd, tcp_bbr_model_min_pipe(bbr));
    if (bbr->phase == TCP_BBR_PHASE_PROBE_RTT) {
        cwnd = tcp_cc_smaller(cwnd, tcp_bbr_model_probe_rtt_cwnd(bbr));
    }
    cc->cwnd_bytes = tcp_cc_smaller(tcp_cc_smaller(cwnd, cap_of(bbr)), TCP_CC_CWND_MAX);
}

static void update_model(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    tcp_bbr_loss_update_latest(bbr, ack->rate);
    tcp_bbr_model_update_max_bw(bbr, ack->rate);
    tcp_bbr_loss_adapt_shortterm(cc);
    tcp_bbr_model_update_aggregation(cc, ack->acked_bytes);
    tcp_bbr_phase_check_full_bw(bbr, ack->rate);
    tcp_bbr_phase_check_startup_done(bbr, ack->rate);
    tcp_bbr_phase_check_drain_done(bbr);
    tcp_bbr_phase_update_cycle(cc, ack);
    tcp_bbr_model_update_min_rtt(bbr, ack->rate->rtt_ns);
    tcp_bbr_phase_check_probe_rtt(cc);
    tcp_bbr_loss_advance_latest(bbr, ack->rate);
    bbr->bw = deadline_min(bbr->max_bw, bbr->bw_shortterm);
}

// The stamps of what was never measured begin with the first event.
static void start_clock(struct tcp_bbr *bbr, uint64_t now_ns)
{
    bbr->now_ns = now_ns;
    if (!bbr->has_clock) {
        bbr->has_clock = true;
        bbr->min_rtt_stamp_ns = bbr->probe_rtt_min_stamp_ns = now_ns;
        bbr->queue_seen_ns = bbr->empty_seen_ns = now_ns;
        bbr->extra_acked_interval_start_ns = now_ns;
    }
}

static bool bbr_on_delivered(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    start_clock(bbr, ack->now_ns);
    bbr->delivered_bytes = ack->rate->delivered_bytes;
    bbr->flight_bytes = ack->flight_bytes;
    bbr->mss_bytes = ack->mss_bytes;
    if (ack->rate->has_prior) {
        bbr->tx_in_flight_bytes = ack->rate->tx_in_flight_bytes;
        bbr->is_app_limited = ack->rate->is_app_limited;
    }
    update_model(cc, ack);
    tcp_cc_bbr_pace(cc, GAINS[bbr->phase].pacing_percent);
    set_quantum(cc);
    set_cwnd(cc, ack->acked_bytes);
    return bbr->phase == TCP_BBR_PHASE_PROBE_RTT;
}

// §5.4: back to the rate that was known, at once and without a burst.
static void bbr_on_restart(struct tcp_cc *cc, const struct tcp_cc_restart *restart)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    start_clock(bbr, restart->now_ns);
    if (!bbr->has_srtt && restart->srtt_ns > 0) {
        bbr->has_srtt = true;
        pace_at_first(cc, restart->srtt_ns);
    }
    if (!restart->is_app_limited) {
        return;
    }
    bbr->is_idle_restart = true;
    bbr->extra_acked_interval_start_ns = restart->now_ns;
    if (tcp_bbr_phase_is_probe_bw(bbr)) {
        tcp_cc_bbr_pace(cc, 100);
    } else if (bbr->phase == TCP_BBR_PHASE_PROBE_RTT) {
        tcp_bbr_phase_check_probe_rtt_done(cc);
    }
}

static void bbr_open(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    *bbr = (struct tcp_bbr){
        .base = bbr->base,
        .undo_phase = TCP_BBR_PHASE_COUNT,
        .has_sack = true,
        .inflight_longterm = TCP_BBR_INFINITE_BYTES,
        .min_rtt_ns = TCP_BBR_INFINITE_NS,
        .probe_rtt_min_delay_ns = TCP_BBR_INFINITE_NS,
        .probe_up_acked_per_inc = TCP_BBR_INFINITE_BYTES,
        .initial_cwnd_bytes = cc->cwnd_bytes,
    };
    bbr->sent_percent[0] = bbr->sent_percent[1] = MARGIN_PERCENT;
    tcp_bbr_loss_reset_shortterm(bbr);
    tcp_bbr_phase_enter_startup(bbr);
    pace_at_first(cc, 0);
}

// All that it does is done when the sample is complete.
static void bbr_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    (void)cc;
    (void)ack;
}

// The window stays: pacing takes care of the burst.
static void bbr_on_idle(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    (void)cc;
    (void)mss_bytes;
    (void)initial_segments;
}

const struct tcp_cc_ops tcp_cc_bbr = {
    .name = "bbr",
    .state_bytes = sizeof(struct tcp_bbr),
    .governs_recovery = true,
    .open = bbr_open,
    .on_ack = bbr_on_ack,
    .on_loss = tcp_bbr_loss_on_loss,
    .on_recovered = tcp_bbr_loss_on_recovered,
    .on_timeout = tcp_bbr_loss_on_timeout,
    .on_idle = bbr_on_idle,
    .on_undo = tcp_bbr_loss_on_undo,
    .on_delivered = bbr_on_delivered,
    .on_lost = tcp_bbr_loss_on_lost,
    .on_restart = bbr_on_restart,
};
