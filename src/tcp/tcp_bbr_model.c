// SPDX-License-Identifier: MIT
//
// BBR's model of the path: round trips counted by what is delivered, the greatest bandwidth of this
// cycle and the last, the least round trip of 10 s, and how much more than that is acknowledged at
// once. Draft ccwg-bbr §5.5.
#include "base/deadline.h"
#include "tcp/tcp_cc_bbr.h"

enum {
    EXTRA_ACKED_ROUNDS = 10, // ExtraAckedFilterLen
    MIN_PIPE_SEGMENTS = 4,   // MinPipeCwnd
    OFFLOAD_QUANTA = 3,      // §5.5.8: one queued, one being cut up, one unacknowledged
    PROBE_RTT_CWND_PERCENT = 50,
    QUEUE_PARTS = 64, // of the least round trip, and beyond jitter
    JITTER_PARTS = 8,
};

#define NO_QUEUE_NS           NS_PER_S
#define JITTER_NS             NS_PER_MS
#define BW_MAX                (UINT64_C(1) << 48) // 281 TB/s
#define MIN_RTT_FILTER_NS     (10 * NS_PER_S)     // MinRTTFilterLen
#define PROBE_RTT_INTERVAL_NS (5 * NS_PER_S)      // ProbeRTTInterval
// So that a bandwidth below 10^9 times this fits: (2^30)*10^10 < 2^64.
#define RTT_MAX_NS            (10 * NS_PER_S)

void tcp_bbr_model_start_round(struct tcp_bbr *bbr)
{
    bbr->next_round_delivered = bbr->delivered_bytes;
}

static void update_round(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    bbr->is_round_start =
        rate->has_prior && rate->prior_delivered_bytes >= bbr->next_round_delivered;
    if (bbr->is_round_start) {
        tcp_bbr_model_start_round(bbr);
        bbr->round_count++;
        bbr->rounds_since_probe_up++;
    }
}

// A sample that the application limited counts when it shows that max_bw is too low.
void tcp_bbr_model_update_max_bw(struct tcp_bbr *bbr, const struct tcp_rate_sample *rate)
{
    update_round(bbr, rate);
    uint64_t bw = deadline_min(rate->bytes_per_s, BW_MAX);
    if (bw == 0 || (rate->is_app_limited && bw < bbr->max_bw)) {
        return;
    }
    bbr->bw_of_cycle[1] = deadline_max(bbr->bw_of_cycle[1], bw);
    bbr->max_bw = deadline_max(bbr->bw_of_cycle[0], bbr->bw_of_cycle[1]);
}

// A cycle without samples is none: what was known stays.
void tcp_bbr_model_advance_max_bw(struct tcp_bbr *bbr)
{
    if (bbr->bw_of_cycle[1] != 0) {
        bbr->bw_of_cycle[0] = bbr->bw_of_cycle[1];
        bbr->bw_of_cycle[1] = 0;
        bbr->max_bw = bbr->bw_of_cycle[0];
    }
}

static uint64_t bytes_in(uint64_t bw, uint64_t time_ns)
{
    time_ns = deadline_min(time_ns, RTT_MAX_NS);
    return bw / NS_PER_S * time_ns + bw % NS_PER_S * time_ns / NS_PER_S;
}

uint32_t tcp_bbr_model_bdp(const struct tcp_bbr *bbr, uint64_t bw, uint32_t gain_percent)
{
    if (bbr->min_rtt_ns == TCP_BBR_INFINITE_NS) {
        return bbr->initial_cwnd_bytes;
    }
    uint64_t bytes = deadline_min(bytes_in(bw, bbr->min_rtt_ns), TCP_CC_CWND_MAX);
    return (uint32_t)deadline_min(bytes * gain_percent / 100, TCP_CC_CWND_MAX);
}

uint32_t tcp_bbr_model_min_pipe(const struct tcp_bbr *bbr)
{
    return MIN_PIPE_SEGMENTS * bbr->mss_bytes;
}

uint32_t tcp_bbr_model_quantized(const struct tcp_bbr *bbr, uint32_t bytes)
{
    bytes = tcp_cc_larger(bytes, OFFLOAD_QUANTA * bbr->send_quantum_bytes);
    bytes = tcp_cc_larger(bytes, tcp_bbr_model_min_pipe(bbr));
    return bbr->phase == TCP_BBR_PHASE_UP ? bytes + 2 * bbr->mss_bytes : bytes;
}

uint32_t tcp_bbr_model_probe_rtt_cwnd(const struct tcp_bbr *bbr)
{
    return tcp_cc_larger(tcp_bbr_model_bdp(bbr, bbr->bw, PROBE_RTT_CWND_PERCENT),
                         tcp_bbr_model_min_pipe(bbr));
}

// The windowed maximum: a value stands until a greater one comes, or its rounds are over, when the
// next takes its place. With all slots in use the last one is the newest all the same.
static uint32_t filter_extra(struct tcp_bbr *bbr, uint32_t bytes, uint32_t window_rounds)
{
    while (bbr->extra_slots > 0 && bbr->extra[bbr->extra_slots - 1].bytes <= bytes) {
        bbr->extra_slots--;
    }
    uint32_t slot =
        bbr->extra_slots < TCP_BBR_EXTRA_SLOTS ? bbr->extra_slots++ : TCP_BBR_EXTRA_SLOTS - 1U;
    bbr->extra[slot].round = bbr->round_count;
    bbr->extra[slot].bytes = bytes;
    while (bbr->round_count - bbr->extra[0].round > window_rounds) {
        bbr->extra_slots--;
        for (uint32_t i = 0; i < bbr->extra_slots; i++) {
            bbr->extra[i] = bbr->extra[i + 1];
        }
    }
    return bbr->extra[0].bytes;
}

// §5.5.9: what is acknowledged beyond what bw would have delivered since the interval began. When
// less is, a new interval begins.
void tcp_bbr_model_update_aggregation(struct tcp_cc *cc, uint32_t acked_bytes)
{
    struct tcp_bbr *bbr = tcp_cc_bbr_of(cc);
    uint64_t age_ns = deadline_age(bbr->extra_acked_interval_start_ns, bbr->now_ns);
    uint64_t expected = bytes_in(bbr->bw, age_ns);
    if (bbr->extra_acked_delivered <= expected) {
        bbr->extra_acked_delivered = 0;
        bbr->extra_acked_interval_start_ns = bbr->now_ns;
        expected = 0;
    }
    bbr->extra_acked_delivered += acked_bytes;
    uint64_t extra = deadline_min(bbr->extra_acked_delivered - expected, cc->cwnd_bytes);
    uint32_t rounds = bbr->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1;
    bbr->extra_acked = filter_extra(bbr, (uint32_t)extra, rounds);
}

// How much longer than the least a round trip is before it tells of a queue: a 64th, and the send
// quantum's millisecond, in which a host's timers are late and data wait behind each other.
static void note_queue(struct tcp_bbr *bbr, uint64_t rtt_ns)
{
    uint64_t least_ns = bbr->probe_rtt_min_delay_ns;
    uint64_t jitter_ns = deadline_min(JITTER_NS, least_ns / JITTER_PARTS);
    if (rtt_ns > least_ns && rtt_ns - least_ns > least_ns / QUEUE_PARTS + jitter_ns) {
        bbr->queue_seen_ns = bbr->now_ns;
    } else if (rtt_ns > 0) {
        bbr->empty_seen_ns = bbr->now_ns;
        // The least is seen again, and need not be forgotten.
        bbr->min_rtt_stamp_ns = least_ns == bbr->min_rtt_ns ? bbr->now_ns : bbr->min_rtt_stamp_ns;
    }
}

// For a second. The 200 ms in which other flows probe, and leave the queue empty, are no such time:
// then this one must probe with them, or it would never give up a share.
static bool has_no_queue(const struct tcp_bbr *bbr)
{
    return deadline_age(bbr->queue_seen_ns, bbr->now_ns) >= NO_QUEUE_NS;
}

// Who has seen a round trip without a queue lately can wait for as long as the least is kept.
static uint64_t probe_rtt_interval(const struct tcp_bbr *bbr)
{
    bool is_known = deadline_age(bbr->empty_seen_ns, bbr->now_ns) < PROBE_RTT_INTERVAL_NS;
    return is_known ? MIN_RTT_FILTER_NS : PROBE_RTT_INTERVAL_NS;
}

// §5.3.4.3.
// DEVIATES ccwg-bbr §5.3.4.3: a flow that sees no queue for a second has learnt what ProbeRTT would
// tell it, which is put off; the least itself stays. Without this a flow that is alone, and leaves
// no queue, would halve its rate every 5 s to learn what it sees all the time. One that sees none
// now and then puts it off to 10 s, version 1's interval.
void tcp_bbr_model_update_min_rtt(struct tcp_bbr *bbr, uint64_t rtt_ns)
{
    uint64_t now_ns = bbr->now_ns;
    note_queue(bbr, rtt_ns);
    bbr->probe_rtt_expired = now_ns > bbr->probe_rtt_min_stamp_ns + probe_rtt_interval(bbr);
    if (rtt_ns > 0 && (rtt_ns < bbr->probe_rtt_min_delay_ns || bbr->probe_rtt_expired)) {
        bbr->probe_rtt_min_delay_ns = rtt_ns;
        bbr->probe_rtt_min_stamp_ns = now_ns;
    } else if (rtt_ns > 0 && has_no_queue(bbr)) {
        bbr->probe_rtt_min_stamp_ns = now_ns;
    }
    bool is_expired = now_ns > bbr->min_rtt_stamp_ns + MIN_RTT_FILTER_NS;
    if (bbr->probe_rtt_min_delay_ns < bbr->min_rtt_ns || is_expired) {
        bbr->min_rtt_ns = bbr->probe_rtt_min_delay_ns;
        bbr->min_rtt_stamp_ns = bbr->probe_rtt_min_stamp_ns;
    }
}
