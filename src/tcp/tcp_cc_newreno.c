// SPDX-License-Identifier: MIT
//
// NewReno's congestion control: slow start, congestion avoidance and the window's reduction of
// RFC 5681, counting octets as RFC 3465 does, so that acknowledging a segment in many pieces
// gains a peer nothing. The first slow start is HyStart++ (RFC 9406), the initial window is
// RFC 6928's.
#include "tcp/tcp_cc.h"

enum {
    SLOW_START_SEGMENTS = 2, // RFC 3465 §2.2: L
    BETA_TENTHS = 5,         // RFC 5681 §3.1 eq. 4
    MARK_TENTHS = 8,         // RFC 8511 §3.1: 0.8 for a mark
};

static void newreno_open(struct tcp_cc *cc)
{
    cc->own.newreno = (struct tcp_cc_newreno){0};
}

// RFC 9293 §3.8.2 [MUST-19]: one segment per window acknowledged.
static void avoid(struct tcp_cc *cc, struct tcp_cc_newreno *own, const struct tcp_cc_ack *ack)
{
    // What was counted towards a larger window, before a pause, is worth one segment at most.
    own->counted_bytes = tcp_cc_smaller(own->counted_bytes, cc->cwnd_bytes) + ack->acked_bytes;
    if (own->counted_bytes >= cc->cwnd_bytes) {
        own->counted_bytes -= cc->cwnd_bytes;
        cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes + ack->mss_bytes, TCP_CC_CWND_MAX);
    }
}

void tcp_cc_newreno_grow(struct tcp_cc *cc, struct tcp_cc_newreno *own,
                         const struct tcp_cc_ack *ack)
{
    if (ack->is_recovering) {
        return;
    }
    if (tcp_cc_is_initial_slow_start(cc)) {
        tcp_cc_hystart_on_ack(cc, &own->hystart, ack);
    } else if (!ack->is_limited_by_cwnd) {
        return; // a window that is not used is not known to be good
    } else if (cc->cwnd_bytes < cc->ssthresh_bytes) {
        tcp_cc_slow_start(cc, ack, SLOW_START_SEGMENTS);
    } else {
        avoid(cc, own, ack);
    }
}

static void newreno_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    tcp_cc_newreno_grow(cc, &cc->own.newreno, ack);
}

// RFC 5681 §3.1 eq. 4: ssthresh = max (FlightSize / 2, 2*SMSS).
static void reduce(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    uint32_t beta = tcp_cc_is_gentle(cc, loss) ? MARK_TENTHS : BETA_TENTHS;
    uint32_t reduced = (uint32_t)((uint64_t)loss->flight_bytes * beta / 10);
    cc->ssthresh_bytes = tcp_cc_larger(reduced, 2 * loss->mss_bytes);
    cc->own.newreno.counted_bytes = 0;
}

static void newreno_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    tcp_cc_remember(cc, loss, false);
    reduce(cc, loss);
    cc->cwnd_bytes = cc->ssthresh_bytes;
}

static void newreno_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    tcp_cc_remember(cc, loss, true);
    reduce(cc, loss);
    cc->cwnd_bytes = loss->mss_bytes; // LW
}

const struct tcp_cc_ops tcp_cc_newreno = {
    .name = "newreno",
    .open = newreno_open,
    .on_ack = newreno_on_ack,
    .on_loss = newreno_on_loss,
    .on_recovered = tcp_cc_on_recovered,
    .on_timeout = newreno_on_timeout,
    .on_idle = tcp_cc_on_idle,
    .on_undo = tcp_cc_on_undo,
};
