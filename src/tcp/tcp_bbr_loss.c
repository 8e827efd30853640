// SPDX-License-Identifier: MIT
//
// What loss and marks mean to BBR. While it probes for bandwidth, more than 2 % lost of what was in
// flight says that that was too much: inflight_longterm. At other times any loss says that the path
// delivers less for now: once per round trip bw_shortterm and inflight_shortterm follow what is
// delivered, but not below 0.7 of what they were. Draft ccwg-bbr §5.5.10 and §5.5.11.
//
// Signs of congestion by ECN (RFC 3168, RFC 8311 §4.1) count as loss: that of a round trip, and of
// too much while probing.
#include "base/deadline.h"
#include "tcp/tcp_cc_bbr.h"

enum {
    LOSS_PARTS = 50, // LossThresh: 2 % is one part in 50
    BETA_TENTHS = 7,
    HEADROOM_PERCENT = 15,
    UP_ROUNDS_MAX = 30,
};

// Signals of a round trip

static void forget_losses(struct tcp_bbr *bbr)
{
    bbr->is_loss_in_round = bbr->is_sign_in_round = false;
    bbr->lost_in_round = 0;
}

void tcp_bbr_loss_reset_signals(struct tcp_bbr *bbr)
{
    forget_losses(bbr);
    bbr->bw_latest = 0;
    bbr->inflight_latest = 0;
}

void tcp_bbr_loss_reset_shortterm(struct tcp_bbr *bbr)
{
    bbr->bw_shortterm = TCP_BBR_INFINITE_RATE;
    bbr->inflight_shortterm = TCP_BBR_INFINITE_BYTES;
}

static uint32_t volume_of(const struct tcp_rate_sample *rate)
{
    return (uint32_t)deadline_min(rate->window_bytes, TCP_CC_CWND_MAX);
}

void tcp_bbr_loss_update_latest(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    tcp_bbr_chance_on_delivered(bbr, rate->acked_bytes);
    bbr->bw_latest = deadline_max(bbr->bw_latest, rate->bytes_per_s);
    bbr->inflight_latest = tcp_cc_larger(bbr->inflight_latest, volume_of(rate));
    bbr->is_loss_round_start =
        rate->has_prior && rate->prior_delivered_bytes >= bbr->loss_round_delivered;
    if (bbr->is_loss_round_start) {
        bbr->round_bytes = (uint32_t)deadline_min(rate->delivered_bytes - bbr->loss_round_delivered,
                                                  TCP_CC_CWND_MAX);
        bbr->loss_round_delivered = rate->delivered_bytes;
    }
}

void tcp_bbr_loss_advance_latest(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    if (bbr->is_loss_round_start) {
        bbr->bw_latest = rate->bytes_per_s;
        bbr->inflight_latest = volume_of(rate);
    }
}

// The least of the gains at which what this round trip delivers was sent.
static void note_gain(struct tcp_bbr *bbr)
{
    uint8_t percent = tcp_cc_bbr_sent_percent(bbr);
    if (bbr->is_loss_round_start) {
        bbr->sent_percent[0] = bbr->sent_percent[1];
        bbr->sent_percent[1] = percent;
    } else if (percent < bbr->sent_percent[1]) {
        bbr->sent_percent[1] = percent;
    }
}

// What the path would have delivered of `delivered` if the flow had not held back, as long as that
// is no more than `before`.
static uint64_t unheld(const struct tcp_bbr *bbr, uint64_t delivered, uint64_t before)
{
    uint32_t percent = tcp_cc_smaller(bbr->sent_percent[0], bbr->sent_percent[1]);
    return deadline_max(delivered, deadline_min(delivered * 100 / percent, before));
}

// §5.5.10.3, once per round trip.
// DEVIATES ccwg-bbr §5.5.10.3: what the flow has held back by itself, the margin of 1 % in all
// phases and 10 % in Down, is not missing from what the path delivers. Otherwise a single loss just
// behind Down costs a tenth until the next probe, and each round trip with one loss 1 %, however
// small a share was lost; §5.3.3.5.2 means to slow down by the share that was.
void tcp_bbr_loss_adapt_shortterm(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    note_gain(bbr);
    if (!bbr->is_loss_round_start) {
        return;
    }
    bool is_congestion =
        bbr->is_sign_in_round
        || (bbr->is_loss_in_round
            && tcp_bbr_chance_is_exceeded(bbr, bbr->lost_in_round,
                                          (uint64_t)bbr->round_bytes + bbr->lost_in_round, 0));
    if (is_congestion && !tcp_bbr_phase_is_probing(bbr)) {
        bool is_first = bbr->bw_shortterm == TCP_BBR_INFINITE_RATE;
        uint64_t bw = is_first ? bbr->max_bw : bbr->bw_shortterm;
        bool is_first_volume = bbr->inflight_shortterm == TCP_BBR_INFINITE_BYTES;
        uint64_t volume = is_first_volume ? cc->cwnd_bytes : bbr->inflight_shortterm;
        bbr->bw_shortterm = deadline_max(unheld(bbr, bbr->bw_latest, bw), bw * BETA_TENTHS / 10);
        bbr->inflight_shortterm = (uint32_t)deadline_max(unheld(bbr, bbr->inflight_latest, volume),
                                                         volume * BETA_TENTHS / 10);
    }
    forget_losses(bbr);
}

// The long-term bound

uint32_t tcp_bbr_loss_target(const struct tcp_cc *cc)
{
    const struct tcp_bbr *bbr = (const struct tcp_bbr *)(const void *)cc->own.state;
    return tcp_cc_smaller(tcp_bbr_model_bdp(bbr, bbr->bw, 100), cc->cwnd_bytes);
}

uint32_t tcp_bbr_loss_with_headroom(const struct tcp_bbr *bbr)
{
    uint64_t bound = bbr->inflight_longterm;
    if (bound == TCP_BBR_INFINITE_BYTES) {
        return TCP_BBR_INFINITE_BYTES;
    }
    uint64_t headroom = deadline_max(bbr->mss_bytes, bound * HEADROOM_PERCENT / 100);
    uint32_t rest = bound > headroom ? (uint32_t)(bound - headroom) : 0;
    return tcp_cc_larger(rest, tcp_bbr_model_min_pipe(bbr));
}

bool tcp_bbr_loss_is_too_high(const struct tcp_bbr *bbr, uint64_t lost_bytes, uint32_t in_flight)
{
    return tcp_bbr_chance_is_exceeded(bbr, lost_bytes, in_flight, in_flight / LOSS_PARTS)
           || (lost_bytes > 0 && !bbr->has_sack);
}

static void handle_too_high(struct tcp_cc *cc, uint32_t in_flight, bool is_app_limited)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bbr->prev_probe_too_high = true;
    bbr->is_bw_probe_sample = false; // once per probe
    if (!is_app_limited) {
        uint64_t least = (uint64_t)tcp_bbr_loss_target(cc) * BETA_TENTHS / 10;
        bbr->inflight_longterm = tcp_cc_larger(in_flight, (uint32_t)least);
    }
    if (bbr->phase == TCP_BBR_PHASE_UP) {
        bbr->undo_phase = TCP_BBR_PHASE_UP;
        tcp_bbr_phase_start_down(bbr);
    }
}

// §5.3.1.3. The bound is what a round trip has delivered, which the path can hold.
void tcp_bbr_loss_leave_startup_by_loss(struct tcp_bbr *bbr)
{
    bbr->undo_phase = TCP_BBR_PHASE_STARTUP;
    bbr->full_bw_now = bbr->full_bw_reached = true;
    bbr->inflight_longterm =
        tcp_cc_larger(tcp_bbr_model_bdp(bbr, bbr->bw, 100), bbr->inflight_latest);
    tcp_bbr_phase_enter_drain(bbr);
}

// Octets per segment of growth halve each round trip.
void tcp_bbr_loss_raise_slope(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint32_t growth = UINT32_C(1) << bbr->bw_probe_up_rounds;
    bbr->bw_probe_up_rounds = (uint8_t)tcp_cc_smaller(bbr->bw_probe_up_rounds + 1U, UP_ROUNDS_MAX);
    bbr->probe_up_acked_per_inc = tcp_cc_larger(cc->cwnd_bytes / growth, bbr->mss_bytes);
}

static void probe_upward(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (!ack->is_limited_by_cwnd || cc->cwnd_bytes < bbr->inflight_longterm) {
        return;
    }
    bbr->bw_probe_up_acked += ack->acked_bytes;
    if (bbr->bw_probe_up_acked >= bbr->probe_up_acked_per_inc) {
        uint32_t delta = bbr->bw_probe_up_acked / bbr->probe_up_acked_per_inc;
        bbr->bw_probe_up_acked -= delta * bbr->probe_up_acked_per_inc;
        uint64_t bound = bbr->inflight_longterm + (uint64_t)delta * bbr->mss_bytes;
        bbr->inflight_longterm = (uint32_t)deadline_min(bound, TCP_CC_CWND_MAX);
    }
    if (bbr->is_round_start) {
        tcp_bbr_loss_raise_slope(cc);
    }
}

// The last samples of a probe have come. One that stopped early at the risky level, and did no
// harm, is followed at once by one that does not.
static bool end_probe(struct tcp_bbr *bbr, bool is_app_limited)
{
    bbr->is_bw_probe_sample = false;
    bbr->ack_phase = TCP_BBR_ACK_PHASE_INIT;
    if (!tcp_bbr_phase_is_probe_bw(bbr)) {
        return false;
    }
    if (!is_app_limited) {
        tcp_bbr_model_advance_max_bw(bbr);
    }
    if (bbr->prev_probe_precautionary && !bbr->prev_probe_too_high) {
        tcp_bbr_phase_start_refill(bbr);
        return true;
    }
    return false;
}

bool tcp_bbr_loss_adapt_longterm(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    const struct tcp_rate_sample *rate = ack->rate;
    if (bbr->ack_phase == TCP_BBR_ACK_PHASE_STARTING && bbr->is_round_start) {
        bbr->ack_phase = TCP_BBR_ACK_PHASE_FEEDBACK;
    }
    if (bbr->ack_phase == TCP_BBR_ACK_PHASE_STOPPING && bbr->is_round_start
        && end_probe(bbr, rate->is_app_limited)) {
        return true;
    }
    if (bbr->inflight_longterm != TCP_BBR_INFINITE_BYTES
        && !tcp_bbr_loss_is_too_high(bbr, rate->lost_bytes, rate->tx_in_flight_bytes)) {
        bbr->inflight_longterm = tcp_cc_larger(bbr->inflight_longterm, rate->tx_in_flight_bytes);
        if (bbr->phase == TCP_BBR_PHASE_UP) {
            probe_upward(cc, ack);
        }
    }
    return false;
}

// What is lost

// DEVIATES ccwg-bbr §5.5.11.1: saved once per recovery, and not in each round trip of one that has
// a loss, for the whole recovery is what may turn out to have been needless.
static void save(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->is_in_recovery) {
        return;
    }
    tcp_cc_bbr_save_cwnd(cc);
    bbr->is_in_recovery = true;
    bbr->undo_phase = TCP_BBR_PHASE_COUNT;
    bbr->undo_bw_shortterm = bbr->bw_shortterm;
    bbr->undo_inflight_shortterm = bbr->inflight_shortterm;
    bbr->undo_inflight_longterm = bbr->inflight_longterm;
}

static void note_loss(struct tcp_bbr *bbr)
{
    if (!bbr->is_loss_in_round) {
        bbr->loss_round_delivered = bbr->delivered_bytes;
    }
    bbr->is_loss_in_round = true;
}

// How much was in flight when losses passed 2 %: of these octets, sent together, those before were
// still in order. (lost before + x) / (in flight before + x) = 1/50.
static uint32_t in_flight_at_loss(const struct tcp_cc_lost *lost)
{
    uint64_t before =
        lost->tx_in_flight_bytes > lost->bytes ? lost->tx_in_flight_bytes - lost->bytes : 0;
    uint64_t lost_before = lost->lost_bytes - lost->bytes;
    uint64_t prefix = before > lost_before * LOSS_PARTS
                          ? (before - lost_before * LOSS_PARTS) / (LOSS_PARTS - 1)
                          : 0;
    return (uint32_t)deadline_min(before + prefix, TCP_CC_CWND_MAX);
}

// §5.5.10.2
void tcp_bbr_loss_on_lost(struct tcp_cc *cc, const struct tcp_cc_lost *lost)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bbr->now_ns = lost->now_ns;
    bbr->delivered_bytes = lost->delivered_bytes;
    bbr->mss_bytes = lost->mss_bytes;
    save(cc);
    note_loss(bbr);
    bbr->lost_in_round += lost->bytes;
    tcp_bbr_chance_on_lost(bbr, lost->bytes);
    if (lost->is_apart && bbr->lost_ranges < UINT8_MAX) {
        bbr->lost_ranges++;
    }
    if (bbr->is_bw_probe_sample
        && tcp_bbr_loss_is_too_high(bbr, lost->lost_bytes, lost->tx_in_flight_bytes)) {
        handle_too_high(cc, in_flight_at_loss(lost), lost->is_app_limited);
    }
}

// A sign that names no octets: a mark, or a loss at a peer without SACK, of which there is at most
// one per round trip.
static void take_sign(struct tcp_cc *cc)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    if (bbr->phase == TCP_BBR_PHASE_STARTUP) {
        tcp_bbr_loss_leave_startup_by_loss(bbr);
    } else if (bbr->is_bw_probe_sample) {
        handle_too_high(cc, bbr->tx_in_flight_bytes, bbr->is_app_limited);
    }
}

void tcp_bbr_loss_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bbr->now_ns = loss->now_ns;
    bbr->mss_bytes = loss->mss_bytes;
    if (!loss->is_ecn) {
        bbr->has_sack = loss->has_sack;
        save(cc);
    }
    note_loss(bbr);
    if (loss->is_ecn || !loss->has_sack) {
        bbr->is_sign_in_round = true;
        take_sign(cc);
    }
}

// §5.6.4.4: one segment, and from there the usual growth.
void tcp_bbr_loss_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    bbr->now_ns = loss->now_ns;
    bbr->mss_bytes = loss->mss_bytes;
    bbr->has_sack = loss->has_sack;
    save(cc);
    tcp_cc_bbr_save_cwnd(cc);
    note_loss(bbr);
    bbr->is_sign_in_round = true;
    cc->cwnd_bytes = loss->mss_bytes;
}

void tcp_bbr_loss_on_recovered(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit)
{
    (void)at_exit;
    tcp_cc_bbr_of(cc)->is_in_recovery = false;
    tcp_cc_bbr_restore_cwnd(cc);
}

// §5.5.11.2
void tcp_bbr_loss_on_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    (void)undo;
    if (!bbr->is_in_recovery) {
        return;
    }
    bbr->is_in_recovery = false;
    tcp_cc_bbr_restore_cwnd(cc);
    forget_losses(bbr);
    tcp_bbr_phase_reset_full_bw(bbr);
    bbr->bw_shortterm = deadline_max(bbr->bw_shortterm, bbr->undo_bw_shortterm);
    bbr->inflight_shortterm = tcp_cc_larger(bbr->inflight_shortterm, bbr->undo_inflight_shortterm);
    bbr->inflight_longterm = tcp_cc_larger(bbr->inflight_longterm, bbr->undo_inflight_longterm);
    bool is_free = bbr->phase != TCP_BBR_PHASE_PROBE_RTT;
    if (bbr->undo_phase == TCP_BBR_PHASE_STARTUP && bbr->phase != TCP_BBR_PHASE_STARTUP) {
        bbr->full_bw_reached = false;
        if (is_free) {
            tcp_bbr_phase_enter_startup(bbr);
        }
    } else if (bbr->undo_phase == TCP_BBR_PHASE_UP && bbr->phase != TCP_BBR_PHASE_UP && is_free) {
        tcp_bbr_phase_start_refill(bbr);
    }
    bbr->undo_phase = TCP_BBR_PHASE_COUNT;
}
