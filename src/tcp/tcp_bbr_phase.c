// SPDX-License-Identifier: MIT
//
// BBR's state machine: Startup, Drain, the four phases of ProbeBW, and ProbeRTT. Draft ccwg-bbr
// §5.3. Gains and caps by phase are in tcp_cc_bbr.c.
#include "base/deadline.h"
#include "tcp/tcp_cc_bbr.h"

enum {
    FULL_BW_GROWTH_PERCENT = 125, // less growth than that in
    FULL_BW_ROUNDS = 3,           // so many rounds: the pipe is full
    STARTUP_LOST_RANGES = 6,      // StartupFullLossCnt
    DRAIN_ROUNDS_MAX = 3,
    RENO_ROUNDS_MAX = 63, // a probe each so many rounds at least, §5.3.3.5.3
};

#define PROBE_RTT_DURATION_NS (200 * NS_PER_MS) // ProbeRTTDuration
#define PROBE_WAIT_MIN_NS     (2 * NS_PER_S)
#define PROBE_WAIT_RANDOM_US  UINT32_C(1000000)

bool tcp_bbr_phase_is_probe_bw(const struct tcp_bbr *bbr)
{
    return bbr->phase >= TCP_BBR_PHASE_DOWN && bbr->phase <= TCP_BBR_PHASE_UP;
}

bool tcp_bbr_phase_is_probing(const struct tcp_bbr *bbr)
{
    return bbr->phase == TCP_BBR_PHASE_STARTUP || bbr->phase == TCP_BBR_PHASE_REFILL
           || bbr->phase == TCP_BBR_PHASE_UP;
}

void tcp_bbr_phase_reset_full_bw(struct tcp_bbr *bbr)
{
    bbr->full_bw = 0;
    bbr->full_bw_count = 0;
    bbr->full_bw_now = false;
}

// §5.3.1.2. A sample whose rate is not known says nothing of growth.
void tcp_bbr_phase_check_full_bw(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    if (bbr->full_bw_now || !bbr->is_round_start || rate->is_app_limited
        || rate->bytes_per_s == 0) {
        return;
    }
    if (rate->bytes_per_s >= bbr->full_bw * FULL_BW_GROWTH_PERCENT / 100) {
        tcp_bbr_phase_reset_full_bw(bbr);
        bbr->full_bw = rate->bytes_per_s;
        return;
    }
    bbr->full_bw_count++;
    bbr->full_bw_now = bbr->full_bw_count >= FULL_BW_ROUNDS;
    bbr->full_bw_reached = bbr->full_bw_reached || bbr->full_bw_now;
}

void tcp_bbr_phase_enter_startup(struct tcp_bbr *bbr)
{
    bbr->phase = TCP_BBR_PHASE_STARTUP;
}

void tcp_bbr_phase_enter_drain(struct tcp_bbr *bbr)
{
    bbr->phase = TCP_BBR_PHASE_DRAIN;
    bbr->drain_start_round = bbr->round_count;
}

// §5.3.1.3: a round trip in recovery, too much lost in it, and not in one burst.
static void check_startup_loss(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    if (!bbr->is_loss_round_start) {
        return;
    }
    if (bbr->phase == TCP_BBR_PHASE_STARTUP && bbr->is_in_recovery
        && bbr->lost_ranges >= STARTUP_LOST_RANGES
        && tcp_bbr_loss_is_too_high(bbr, rate->lost_bytes, rate->tx_in_flight_bytes)) {
        tcp_bbr_loss_leave_startup_by_loss(bbr);
    }
    bbr->lost_ranges = 0;
}

void tcp_bbr_phase_check_startup_done(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    check_startup_loss(bbr, rate);
    if (bbr->phase == TCP_BBR_PHASE_STARTUP && bbr->full_bw_reached) {
        tcp_bbr_phase_enter_drain(bbr);
    }
}

// Inflight(bw, 1.0)
static uint32_t pipe_of(const struct tcp_bbr *bbr, uint64_t bw)
{
    return tcp_bbr_model_quantized(bbr, tcp_bbr_model_bdp(bbr, bw, 100));
}

void tcp_bbr_phase_check_drain_done(struct tcp_bbr *bbr)
{
    if (bbr->phase == TCP_BBR_PHASE_DRAIN
        && (bbr->flight_bytes <= pipe_of(bbr, bbr->bw)
            || bbr->round_count > bbr->drain_start_round + DRAIN_ROUNDS_MAX)) {
        tcp_bbr_phase_start_down(bbr);
    }
}

// PickProbeWait: flows that share a bottleneck do not probe at the same moment for ever.
void tcp_bbr_phase_start_down(struct tcp_bbr *bbr)
{
    tcp_bbr_loss_reset_signals(bbr);
    bbr->probe_up_acked_per_inc = TCP_BBR_INFINITE_BYTES;
    bbr->rounds_since_probe_up = tcp_cc_random_below(&bbr->base, 2);
    bbr->bw_probe_wait_ns =
        PROBE_WAIT_MIN_NS + tcp_cc_random_below(&bbr->base, PROBE_WAIT_RANDOM_US + 1) * NS_PER_US;
    bbr->cycle_stamp_ns = bbr->now_ns;
    bbr->ack_phase = TCP_BBR_ACK_PHASE_STOPPING;
    tcp_bbr_model_start_round(bbr);
    bbr->phase = TCP_BBR_PHASE_DOWN;
}

void tcp_bbr_phase_start_refill(struct tcp_bbr *bbr)
{
    tcp_bbr_loss_reset_shortterm(bbr);
    bbr->bw_probe_up_rounds = 0;
    bbr->bw_probe_up_acked = 0;
    bbr->prev_probe_precautionary = false;
    bbr->ack_phase = TCP_BBR_ACK_PHASE_REFILLING;
    tcp_bbr_model_start_round(bbr);
    bbr->phase = TCP_BBR_PHASE_REFILL;
}

static void start_up(struct tcp_cc *cc, const struct tcp_rate_sample *rate)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bbr->ack_phase = TCP_BBR_ACK_PHASE_STARTING;
    tcp_bbr_model_start_round(bbr);
    tcp_bbr_phase_reset_full_bw(bbr);
    bbr->full_bw = rate->bytes_per_s;
    bbr->phase = TCP_BBR_PHASE_UP;
    tcp_bbr_loss_raise_slope(cc);
}

// The wall clock, or as many rounds as Reno would need to come back to where it was, with the least
// window at the least.
static bool probe_when_due(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint32_t target = tcp_cc_larger(tcp_bbr_loss_target(cc), tcp_bbr_model_min_pipe(bbr));
    uint32_t reno_rounds = target / bbr->mss_bytes;
    bool is_due = bbr->now_ns > bbr->cycle_stamp_ns + bbr->bw_probe_wait_ns
                  || bbr->rounds_since_probe_up >= tcp_cc_smaller(reno_rounds, RENO_ROUNDS_MAX);
    if (is_due) {
        tcp_bbr_phase_start_refill(bbr);
    }
    return is_due;
}

static bool is_time_to_cruise(const struct tcp_bbr *bbr)
{
    return bbr->flight_bytes <= tcp_bbr_loss_with_headroom(bbr)
           && bbr->flight_bytes <= pipe_of(bbr, bbr->max_bw);
}

// §5.3.3.4: the risky level is reached once more, or the pipe is full. While the long-term bound
// holds the flow back, its bandwidth does not say that.
static bool is_time_to_go_down(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->prev_probe_too_high && bbr->flight_bytes >= bbr->inflight_longterm) {
        bbr->prev_probe_precautionary = true;
        return true;
    }
    if (ack->is_limited_by_cwnd && cc->cwnd_bytes >= bbr->inflight_longterm) {
        tcp_bbr_phase_reset_full_bw(bbr);
        bbr->full_bw = ack->rate->bytes_per_s;
        return false;
    }
    return bbr->full_bw_now;
}

static void advance_phase(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    switch ((enum tcp_bbr_phase)bbr->phase) {
    case TCP_BBR_PHASE_DOWN:
        if (!probe_when_due(cc) && is_time_to_cruise(bbr)) {
            bbr->phase = TCP_BBR_PHASE_CRUISE;
        }
        break;
    case TCP_BBR_PHASE_CRUISE: probe_when_due(cc); break;
    case TCP_BBR_PHASE_REFILL:
        if (bbr->is_round_start) {
            bbr->is_bw_probe_sample = true;
            start_up(cc, ack->rate);
        }
        break;
    case TCP_BBR_PHASE_UP:
        if (is_time_to_go_down(cc, ack)) {
            bbr->prev_probe_too_high = false;
            tcp_bbr_phase_start_down(bbr);
        }
        break;
    case TCP_BBR_PHASE_STARTUP:
    case TCP_BBR_PHASE_DRAIN:
    case TCP_BBR_PHASE_PROBE_RTT:
    case TCP_BBR_PHASE_COUNT: break;
    }
}

// UpdateProbeBWCyclePhase, §5.3.3.6
void tcp_bbr_phase_update_cycle(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    if (tcp_cc_bbr_of(cc)->full_bw_reached && !tcp_bbr_loss_adapt_longterm(cc, ack)) {
        advance_phase(cc, ack);
    }
}

// §5.3.4.4: what is in flight is below the pipe already, so that Down has nothing to do.
static void exit_probe_rtt(struct tcp_bbr *bbr)
{
    tcp_bbr_loss_reset_shortterm(bbr);
    if (bbr->full_bw_reached) {
        tcp_bbr_phase_start_down(bbr);
        bbr->phase = TCP_BBR_PHASE_CRUISE;
    } else {
        tcp_bbr_phase_enter_startup(bbr);
    }
}

void tcp_bbr_phase_check_probe_rtt_done(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->probe_rtt_done_stamp_ns != 0 && bbr->now_ns > bbr->probe_rtt_done_stamp_ns) {
        bbr->probe_rtt_min_stamp_ns = bbr->now_ns;
        tcp_cc_bbr_restore_cwnd(cc);
        exit_probe_rtt(bbr);
    }
}

// HandleProbeRTT: from when little enough is in flight it lasts 200 ms and a round trip.
static void stay_in_probe_rtt(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->probe_rtt_done_stamp_ns == 0) {
        if (bbr->flight_bytes <= tcp_bbr_model_probe_rtt_cwnd(bbr)) {
            bbr->probe_rtt_done_stamp_ns = bbr->now_ns + PROBE_RTT_DURATION_NS;
            bbr->probe_rtt_round_done = false;
            tcp_bbr_model_start_round(bbr);
        }
        return;
    }
    bbr->probe_rtt_round_done = bbr->probe_rtt_round_done || bbr->is_round_start;
    if (bbr->probe_rtt_round_done) {
        tcp_bbr_phase_check_probe_rtt_done(cc);
    }
}

void tcp_bbr_phase_check_probe_rtt(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->phase != TCP_BBR_PHASE_PROBE_RTT && bbr->probe_rtt_expired && !bbr->is_idle_restart) {
        tcp_cc_bbr_save_cwnd(cc);
        bbr->phase = TCP_BBR_PHASE_PROBE_RTT;
        bbr->probe_rtt_done_stamp_ns = 0;
        bbr->ack_phase = TCP_BBR_ACK_PHASE_STOPPING;
        tcp_bbr_model_start_round(bbr);
    }
    if (bbr->phase == TCP_BBR_PHASE_PROBE_RTT) {
        stay_in_probe_rtt(cc);
    }
    bbr->is_idle_restart = false;
}
