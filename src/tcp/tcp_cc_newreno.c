// SPDX-License-Identifier: MIT
//
// NewReno's congestion control: slow start, congestion avoidance and the window's reduction of
// RFC 5681, counting octets as RFC 3465 does, so that acknowledging a segment in many pieces
// gains a peer nothing. The initial window is RFC 6928's.
#include "tcp/tcp_cc.h"

// RFC 5681 §3.1: "arbitrarily high".
#define SSTHRESH_INITIAL UINT32_MAX
// Far above any window in use, far below overflow.
#define CWND_MAX         (UINT32_C(1) << 30)

enum {
    INITIAL_MSS = 1460,     // RFC 6928 §2: min (10*MSS, max (2*MSS, 10*1460))
    SLOW_START_SEGMENTS = 2 // RFC 3465 §2.2: L
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t initial_window(uint32_t mss_bytes, uint32_t segments)
{
    if (segments == 1) {
        return mss_bytes;
    }
    return smaller(segments * mss_bytes, larger(2 * mss_bytes, segments * INITIAL_MSS));
}

static void newreno_open(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    cc->cwnd_bytes = initial_window(mss_bytes, initial_segments);
    cc->ssthresh_bytes = SSTHRESH_INITIAL;
    cc->counted_bytes = 0;
}

// RFC 9293 §3.8.2 [MUST-19].
static void newreno_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    if (!ack->is_limited_by_cwnd) {
        return; // a window that is not used is not known to be good
    }
    if (cc->cwnd_bytes < cc->ssthresh_bytes) { // RFC 5681 §3.1 eq. 2
        cc->cwnd_bytes += smaller(ack->acked_bytes, SLOW_START_SEGMENTS * ack->mss_bytes);
    } else { // one segment per window acknowledged
        cc->counted_bytes += ack->acked_bytes;
        if (cc->counted_bytes >= cc->cwnd_bytes) {
            cc->counted_bytes -= cc->cwnd_bytes;
            cc->cwnd_bytes += ack->mss_bytes;
        }
    }
    cc->cwnd_bytes = smaller(cc->cwnd_bytes, CWND_MAX);
}

// RFC 5681 §3.1 eq. 4: ssthresh = max (FlightSize / 2, 2*SMSS).
static void reduce(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    cc->ssthresh_bytes = larger(loss->flight_bytes / 2, 2 * loss->mss_bytes);
    cc->counted_bytes = 0;
}

static void newreno_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    reduce(cc, loss);
    cc->cwnd_bytes = cc->ssthresh_bytes;
}

// RFC 6582 §3.2 step 3, option 1: no burst when recovery ends with little in flight.
static void newreno_on_recovered(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit)
{
    uint32_t flight = larger(at_exit->flight_bytes, at_exit->mss_bytes) + at_exit->mss_bytes;
    cc->cwnd_bytes = smaller(cc->ssthresh_bytes, flight);
}

static void newreno_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    reduce(cc, loss);
    cc->cwnd_bytes = loss->mss_bytes; // LW
}

// RFC 5681 §4.1: RW = min (IW, cwnd).
static void newreno_on_idle(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    cc->cwnd_bytes = smaller(cc->cwnd_bytes, initial_window(mss_bytes, initial_segments));
}

const struct tcp_cc_ops tcp_cc_newreno = {
    .name = "newreno",
    .open = newreno_open,
    .on_ack = newreno_on_ack,
    .on_loss = newreno_on_loss,
    .on_recovered = newreno_on_recovered,
    .on_timeout = newreno_on_timeout,
    .on_idle = newreno_on_idle,
};
