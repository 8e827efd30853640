// SPDX-License-Identifier: MIT
//
// BBR, version 3, as the IETF's draft ccwg-bbr (06) has it: congestion control by a model of the
// path. The rate at which the path delivers (max_bw) and the round trip without a queue (min_rtt)
// say how fast to send and how much may be in flight; experiments keep both fresh:
//
//     Startup -> Drain -> Down -> Cruise -> Refill -> Up -+     every 2 to 3 s, or sooner
//                           ^-----------------------------+
//     ProbeRTT for 200 ms, when the least round trip is 5 s old, 10 s where no queue stands
//
// Loss does not cut the window by itself. It bounds the model: for good (inflight_longterm) when
// more than 2 % is lost while more bandwidth is probed for, and until the next probe
// (bw_shortterm, inflight_shortterm) at other times. What the path loses by itself is not counted.
//
//     tcp_cc_bbr.c     what the core tells, in the draft's order; pacing rate and window
//     tcp_bbr_model.c  rounds, max_bw, min_rtt, aggregation
//     tcp_bbr_phase.c  the state machine
//     tcp_bbr_loss.c   bounds by loss, and taking them back
//     tcp_bbr_chance.c what the path loses by itself
//
// Rates are octets per second, times ns, gains percent: max_bw is at most 2^48 and a gain below
// 2^9, so that products fit. Names are the draft's; its BBR.state is `phase` here.
#ifndef SYNFIN_TCP_TCP_CC_BBR_H
#define SYNFIN_TCP_TCP_CC_BBR_H

#include "tcp/tcp_cc.h"

enum tcp_bbr_phase {
    TCP_BBR_PHASE_STARTUP,
    TCP_BBR_PHASE_DRAIN,
    TCP_BBR_PHASE_DOWN,
    TCP_BBR_PHASE_CRUISE,
    TCP_BBR_PHASE_REFILL,
    TCP_BBR_PHASE_UP,
    TCP_BBR_PHASE_PROBE_RTT,
    TCP_BBR_PHASE_COUNT, // as undo_phase: none
};

// What acknowledgments say of the present probe for bandwidth.
enum tcp_bbr_ack_phase {
    TCP_BBR_ACK_PHASE_INIT,      // nothing
    TCP_BBR_ACK_PHASE_REFILLING, // they are of a full pipe
    TCP_BBR_ACK_PHASE_STARTING,  // what probes has gone out
    TCP_BBR_ACK_PHASE_FEEDBACK,  // they are of what probed
    TCP_BBR_ACK_PHASE_STOPPING,  // the last of it
};

#define TCP_BBR_INFINITE_RATE  UINT64_MAX
#define TCP_BBR_INFINITE_NS    UINT64_MAX
#define TCP_BBR_INFINITE_BYTES UINT32_MAX

enum { TCP_BBR_EXTRA_SLOTS = 3 };

struct tcp_bbr {
    struct tcp_cc_state base;
    uint8_t phase;            // enum tcp_bbr_phase
    uint8_t ack_phase;        // enum tcp_bbr_ack_phase
    uint8_t undo_phase;       // what a loss has ended: Startup, Up, or none
    bool has_clock;           // stamps are set
    bool has_srtt;            // the first pacing rate knows a round trip
    bool has_sack;            // more than one loss per round trip is seen
    bool is_round_start;      // this acknowledgment begins a round trip
    bool is_loss_round_start; // this one ends a round trip of bw_latest and inflight_latest
    bool is_loss_in_round, is_sign_in_round; // the latter: of congestion, whatever was lost
    bool is_in_recovery; // a loss is being repaired, and what was before it is saved
    bool is_idle_restart;
    bool is_bw_probe_sample; // what arrives may be of a probe for bandwidth
    bool prev_probe_too_high, prev_probe_precautionary;
    bool full_bw_now, full_bw_reached;
    bool probe_rtt_expired, probe_rtt_round_done;
    uint8_t full_bw_count, bw_probe_up_rounds;
    uint8_t lost_ranges;     // in this round, none beside another; up to UINT8_MAX
    uint8_t extra_slots;     // in use
    uint8_t sent_percent[2]; // of bw: the least of the last loss round and of this one

    uint32_t round_count, drain_start_round, rounds_since_probe_up;
    uint64_t next_round_delivered, loss_round_delivered;

    uint64_t bw_of_cycle[2]; // max_bw's filter: the previous cycle and the present one
    uint64_t max_bw, bw, bw_shortterm, bw_latest, full_bw;
    uint32_t inflight_longterm, inflight_shortterm, inflight_latest;

    uint32_t extra_acked;
    uint64_t extra_acked_interval_start_ns, extra_acked_delivered;
    struct { // its filter: the greatest first, each later than the one before
        uint32_t round, bytes;
    } extra[TCP_BBR_EXTRA_SLOTS];

    uint64_t min_rtt_ns, min_rtt_stamp_ns;
    uint64_t queue_seen_ns; // when a round trip was last longer than the least and jitter
    uint64_t empty_seen_ns; // when one was last no longer
    uint64_t probe_rtt_min_delay_ns, probe_rtt_min_stamp_ns, probe_rtt_done_stamp_ns; // 0: not set

    uint64_t cycle_stamp_ns, bw_probe_wait_ns;
    uint32_t bw_probe_up_acked, probe_up_acked_per_inc;

    uint32_t lost_in_round, round_bytes; // octets: in this loss round; delivered in the one before
    uint32_t chance_bytes, chance_lost_bytes; // of so many lately, lost while nothing was queued

    uint32_t initial_cwnd_bytes, prior_cwnd_bytes, send_quantum_bytes;
    uint32_t undo_inflight_shortterm, undo_inflight_longterm;
    uint64_t undo_bw_shortterm;

    // As the last event has told them.
    uint64_t now_ns, delivered_bytes;
    uint32_t flight_bytes, mss_bytes;
    uint32_t tx_in_flight_bytes; // of the last sample
    bool is_app_limited;         // and that
};

static inline struct tcp_bbr *tcp_cc_bbr_of(struct tcp_cc *cc)
{
    return (struct tcp_bbr *)(void *)cc->own.state;
}

// tcp_cc_bbr.c
// How much of bw the present phase sends at most, percent.
uint8_t tcp_cc_bbr_sent_percent(const struct tcp_bbr *bbr);
void tcp_cc_bbr_pace(struct tcp_cc *cc, uint32_t gain_percent);
void tcp_cc_bbr_save_cwnd(struct tcp_cc *cc);
void tcp_cc_bbr_restore_cwnd(struct tcp_cc *cc);

// tcp_bbr_model.c
void tcp_bbr_model_start_round(struct tcp_bbr *bbr);
void tcp_bbr_model_update_max_bw(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate);
void tcp_bbr_model_advance_max_bw(struct tcp_bbr *bbr);
void tcp_bbr_model_update_aggregation(struct tcp_cc *cc, uint32_t acked_bytes);
void tcp_bbr_model_update_min_rtt(struct tcp_bbr *bbr, uint64_t rtt_ns);
// gain * bw * min_rtt, and the initial window while there is no round trip.
uint32_t tcp_bbr_model_bdp(const struct tcp_bbr *bbr, uint64_t bw, uint32_t gain_percent);
// What must be in flight so that this much is in the network.
uint32_t tcp_bbr_model_quantized(const struct tcp_bbr *bbr, uint32_t bytes);
uint32_t tcp_bbr_model_min_pipe(const struct tcp_bbr *bbr);
uint32_t tcp_bbr_model_probe_rtt_cwnd(const struct tcp_bbr *bbr);

// tcp_bbr_phase.c
bool tcp_bbr_phase_is_probe_bw(const struct tcp_bbr *bbr);
// More bandwidth is looked for.
bool tcp_bbr_phase_is_probing(const struct tcp_bbr *bbr);
void tcp_bbr_phase_reset_full_bw(struct tcp_bbr *bbr);
void tcp_bbr_phase_check_full_bw(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate);
void tcp_bbr_phase_enter_startup(struct tcp_bbr *bbr);
void tcp_bbr_phase_enter_drain(struct tcp_bbr *bbr);
void tcp_bbr_phase_check_startup_done(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate);
void tcp_bbr_phase_check_drain_done(struct tcp_bbr *bbr);
void tcp_bbr_phase_start_down(struct tcp_bbr *bbr);
void tcp_bbr_phase_start_refill(struct tcp_bbr *bbr);
void tcp_bbr_phase_update_cycle(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
void tcp_bbr_phase_check_probe_rtt(struct tcp_cc *cc);
// The end of ProbeRTT when its time is over.
void tcp_bbr_phase_check_probe_rtt_done(struct tcp_cc *cc);

// tcp_bbr_chance.c
void tcp_bbr_chance_on_delivered(struct tcp_bbr *bbr, uint32_t bytes);
void tcp_bbr_chance_on_lost(struct tcp_bbr *bbr, uint32_t bytes);
// No queue is seen, nor was one when what is found lost by now was sent.
bool tcp_bbr_chance_has_no_queue(const struct tcp_bbr *bbr);
// What must be sent so that this is delivered, as much as the path has lost by itself lately.
uint64_t tcp_bbr_chance_outweigh(const struct tcp_bbr *bbr, uint64_t bytes_per_s);
// Whether more of `bytes` is lost than the path loses by itself, `tolerated_bytes` aside.
bool tcp_bbr_chance_is_exceeded(const struct tcp_bbr *bbr, uint64_t lost_bytes, uint64_t bytes,
                                uint64_t tolerated_bytes);

// tcp_bbr_loss.c
void tcp_bbr_loss_update_latest(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate);
void tcp_bbr_loss_advance_latest(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate);
void tcp_bbr_loss_adapt_shortterm(struct tcp_cc *cc);
void tcp_bbr_loss_reset_signals(struct tcp_bbr *bbr);
void tcp_bbr_loss_reset_shortterm(struct tcp_bbr *bbr);
uint32_t tcp_bbr_loss_with_headroom(const struct tcp_bbr *bbr);
uint32_t tcp_bbr_loss_target(const struct tcp_cc *cc);
void tcp_bbr_loss_raise_slope(struct tcp_cc *cc);
// The long-term bound grows with what is safe; true when the end of a probe decided the phase.
bool tcp_bbr_loss_adapt_longterm(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
bool tcp_bbr_loss_is_too_high(const struct tcp_bbr *bbr, uint64_t lost_bytes, uint32_t in_flight);
void tcp_bbr_loss_leave_startup_by_loss(struct tcp_bbr *bbr);
void tcp_bbr_loss_on_lost(struct tcp_cc *cc, const struct tcp_cc_lost *lost);
void tcp_bbr_loss_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
void tcp_bbr_loss_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
void tcp_bbr_loss_on_recovered(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit);
void tcp_bbr_loss_on_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo);

#endif
