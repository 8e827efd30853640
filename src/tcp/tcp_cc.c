// SPDX-License-Identifier: MIT
//
// What the algorithms of congestion control share: their table, the windows of a new connection,
// slow start, and going back when a sign of congestion was none.
#include "tcp/tcp_cc.h"

#include <stddef.h>

#include "base/check.h"

enum { INITIAL_MSS = 1460 }; // RFC 6928 §2: min (10*MSS, max (2*MSS, 10*1460))

static const struct tcp_cc_ops *const ALGORITHMS[] = {
    [SYNFIN_CONGESTION_CUBIC] = &tcp_cc_cubic,
    [SYNFIN_CONGESTION_NEWRENO] = &tcp_cc_newreno,
    [SYNFIN_CONGESTION_BBR] = &tcp_cc_bbr,
    [SYNFIN_CONGESTION_DCTCP] = &tcp_cc_dctcp,
};
_Static_assert(sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]) == SYNFIN_CONGESTION_COUNT,
               "one row for each");

const struct tcp_cc_ops *tcp_cc_ops_of(enum synfin_congestion algorithm)
{
    ASSERT((uint32_t)algorithm < SYNFIN_CONGESTION_COUNT);
    return ALGORITHMS[algorithm];
}

void tcp_cc_on_mss(struct tcp_cc *cc, uint32_t mss_bytes)
{
    cc->cwnd_bytes = tcp_cc_larger(cc->cwnd_bytes, mss_bytes);
}

uint32_t tcp_cc_initial_window(uint32_t mss_bytes, uint32_t segments)
{
    if (segments == 1) {
        return mss_bytes;
    }
    return tcp_cc_smaller(segments * mss_bytes,
                          tcp_cc_larger(2 * mss_bytes, segments * INITIAL_MSS));
}

void tcp_cc_open(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    cc->cwnd_bytes = tcp_cc_initial_window(mss_bytes, initial_segments);
    cc->ssthresh_bytes = TCP_CC_SSTHRESH_INITIAL;
    tcp_cc_switch(cc, cc->ops, tcp_cc_state_of(cc));
}

uint32_t tcp_cc_state_bytes_max(void)
{
    uint32_t most = sizeof(struct tcp_cc_state);
    for (uint32_t i = 0; i < SYNFIN_CONGESTION_COUNT; i++) {
        most = tcp_cc_larger(most, ALGORITHMS[i]->state_bytes);
    }
    return most;
}

// SplitMix64 (Steele, Lea and Flood, 2014); the bias of the multiplication is below 2^-32.
uint32_t tcp_cc_random_below(struct tcp_cc_state *state, uint32_t bound)
{
    uint64_t z = state->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * bound >> 32);
}

struct tcp_cc_state *tcp_cc_state_of(const struct tcp_cc *cc)
{
    return cc->ops != NULL && cc->ops->state_bytes > 0 ? cc->own.state : NULL;
}

void tcp_cc_switch(struct tcp_cc *cc, const struct tcp_cc_ops *ops, struct tcp_cc_state *state)
{
    ASSERT((state != NULL) == (ops->state_bytes > 0));
    cc->ops = ops;
    cc->own.state = state;
    cc->pacing_rate = 0;
    cc->cwnd_prior_bytes = 0;
    cc->ssthresh_prior_bytes = 0;
    ops->open(cc);
}

void tcp_cc_slow_start(struct tcp_cc *cc, const struct tcp_cc_ack *ack, uint32_t limit_segments)
{
    cc->cwnd_bytes += tcp_cc_smaller(ack->acked_bytes, limit_segments * ack->mss_bytes);
    cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes, TCP_CC_CWND_MAX);
}

void tcp_cc_remember(struct tcp_cc *cc, const struct tcp_cc_loss *loss, bool is_timeout)
{
    cc->cwnd_prior_bytes = cc->cwnd_bytes;
    cc->ssthresh_prior_bytes =
        is_timeout ? tcp_cc_larger(loss->flight_bytes, cc->ssthresh_bytes) : cc->ssthresh_bytes;
}

// RFC 6582 §3.2 step 3, option 1: no burst when recovery ends with little in flight.
void tcp_cc_on_recovered(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit)
{
    uint32_t flight = tcp_cc_larger(at_exit->flight_bytes, at_exit->mss_bytes);
    cc->cwnd_bytes = tcp_cc_smaller(cc->ssthresh_bytes, flight + at_exit->mss_bytes);
}

// RFC 5681 §4.1: RW = min (IW, cwnd).
void tcp_cc_on_idle(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    uint32_t window = tcp_cc_initial_window(mss_bytes, initial_segments);
    cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes, window);
}

// RFC 9438 §4.9.2: a window that has grown beyond stays. After a timeout nothing more is sent at
// once than an initial window, and slow start leads back: RFC 4015 §3.1 step 9.
bool tcp_cc_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo)
{
    if (cc->ssthresh_prior_bytes == 0 || cc->cwnd_bytes >= cc->cwnd_prior_bytes) {
        return false;
    }
    uint32_t cut = cc->cwnd_bytes;
    cc->ssthresh_bytes = cc->ssthresh_prior_bytes;
    cc->ssthresh_prior_bytes = 0; // once
    cc->cwnd_bytes = cc->cwnd_prior_bytes;
    if (undo->was_timeout) {
        uint32_t initial = tcp_cc_initial_window(undo->mss_bytes, undo->initial_segments);
        cc->cwnd_bytes =
            tcp_cc_larger(cut, undo->flight_bytes + tcp_cc_smaller(undo->acked_bytes, initial));
    }
    return true;
}

void tcp_cc_on_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo)
{
    (void)tcp_cc_undo(cc, undo);
}
