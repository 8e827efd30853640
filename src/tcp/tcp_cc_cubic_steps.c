// SPDX-License-Identifier: MIT
//
// CUBIC's congestion avoidance as Linux computes it: in whole segments. The curve (RFC 9438 §4.2)
// does not say where the window is to be, but how many segments acknowledged make it grow by one:
//
//     per_step = cwnd / (W_cubic(t + least round trip) - cwnd)
//
// At least 2, so that the window grows by half of itself in a round trip (§4.2); at most 20 while
// W_max is not known; and at most what leads to the window that Reno would have (§4.3). It is
// computed anew when the window has moved, or a thirty-second of a second later.
#include "tcp/tcp_cc.h"

#include "base/check.h"

enum {
    NS_PER_MS = 1000000,
    STEP_MIN = 2,
    STEP_UNKNOWN = 20,
    STEP_FLAT = 100,   // windows, where the curve does not rise
    RENO_EIGHTHS = 15, // of a window for each segment: (1 + beta_cubic) / (3 * (1 - beta_cubic))
    KEPT_MS = 31,
};

static uint32_t clock_ms(uint64_t now_ns)
{
    return (uint32_t)(now_ns / NS_PER_MS);
}

static uint32_t segments_up(uint32_t bytes, uint32_t mss_bytes)
{
    return (bytes + mss_bytes - 1) / mss_bytes;
}

static void begin_epoch(struct tcp_cc *cc, const struct tcp_cc_ack *ack, uint32_t now_ms)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t mss = ack->mss_bytes;
    uint32_t top_bytes = tcp_cc_larger(own->w_max_bytes, cc->cwnd_bytes);
    own->apex_ms = now_ms + tcp_cc_cubic_k_ms(top_bytes, cc->cwnd_bytes, mss);
    own->w_est = cc->cwnd_bytes / mss;
    own->credit = 0;
    own->steps = (struct tcp_cc_cubic_steps){.origin = top_bytes / mss};
}

// W_cubic in whole segments: what it is away from the origin is rounded down on both sides.
static uint32_t target_of(const struct tcp_cc_cubic *own, const struct tcp_cc_ack *ack,
                          uint32_t now_ms)
{
    uint32_t mss = ack->mss_bytes;
    uint32_t top_bytes = own->steps.origin * mss;
    int64_t ahead_ms = (int32_t)(now_ms - own->apex_ms) + (int64_t)(ack->rtt_min_ns / NS_PER_MS);
    uint32_t bytes = tcp_cc_cubic_window(top_bytes, ahead_ms, mss);
    return bytes < top_bytes ? segments_up(bytes, mss) : bytes / mss;
}

// Reno's window has grown by what was acknowledged since the epoch began.
static uint32_t reno_step(struct tcp_cc_cubic *own, uint32_t window)
{
    uint32_t per_segment = tcp_cc_larger(window * RENO_EIGHTHS / 8, 1);
    own->w_est += own->steps.acked / per_segment;
    own->steps.acked %= per_segment;
    return own->w_est > window ? window / (uint32_t)(own->w_est - window) : UINT32_MAX;
}

static void compute_step(struct tcp_cc *cc, const struct tcp_cc_ack *ack, uint32_t now_ms)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t window = tcp_cc_larger(cc->cwnd_bytes / ack->mss_bytes, 1);
    uint32_t target = target_of(own, ack, now_ms);
    uint32_t step = target > window ? window / (target - window) : STEP_FLAT * window;
    if (own->w_max_bytes == 0) {
        step = tcp_cc_smaller(step, STEP_UNKNOWN);
    }
    step = tcp_cc_smaller(step, reno_step(own, window));
    own->steps.per_step = tcp_cc_larger(step, STEP_MIN);
}

static void avoid(struct tcp_cc *cc, const struct tcp_cc_ack *ack, uint32_t acked)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t now_ms = clock_ms(ack->now_ns);
    if (own->w_est == 0) {
        begin_epoch(cc, ack, now_ms);
    }
    own->steps.acked += acked;
    if (own->steps.per_step == 0 || now_ms - own->updated_ms > KEPT_MS) {
        own->updated_ms = now_ms;
        compute_step(cc, ack, now_ms);
    }
    uint32_t per_step = own->steps.per_step;
    ASSERT(per_step >= STEP_MIN);
    uint32_t more = own->credit >= per_step; // what was saved for a longer step is worth one
    own->credit = acked + (more > 0 ? 0 : own->credit);
    more += own->credit / per_step;
    own->credit %= per_step;
    if (more > 0) {
        cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes + more * ack->mss_bytes, TCP_CC_CWND_MAX);
        own->steps.per_step = 0;
    }
}

void tcp_cc_cubic_steps_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    uint32_t below = cc->ssthresh_bytes > cc->cwnd_bytes ? cc->ssthresh_bytes - cc->cwnd_bytes : 0;
    uint32_t slow = tcp_cc_smaller(ack->acked_bytes, below);
    if (!ack->is_limited_by_cwnd) {
        return;
    }
    cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes + slow, TCP_CC_CWND_MAX);
    if (ack->acked_bytes > slow) {
        avoid(cc, ack, segments_up(ack->acked_bytes - slow, ack->mss_bytes));
    }
}

// §5.8: time during which nothing was in flight does not count.
void tcp_cc_cubic_steps_on_restart(struct tcp_cc *cc, uint64_t now_ns)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t now_ms = clock_ms(now_ns);
    own->apex_ms += now_ms - own->updated_ms;
    own->updated_ms = now_ms;
}
