// SPDX-License-Identifier: MIT
//
// CUBIC (RFC 9438): the window follows a cubic curve of the time since the last congestion, flat
// where the last one happened, so that long paths are filled in seconds and not in hours. Where
// NewReno would be faster, an estimate of its window is followed instead.
//
//     octets                           .      W_cubic(t) = C*(t-K)^3 + W_max
//      W_max  - - - - - - - - ._-----'
//                        . '            after a loss at W_max: cwnd = 0.7 W_max, and
//                     .                 K = cbrt((W_max - cwnd)/C) is where the curve is flat
//      cwnd_epoch   .
//                   t_epoch   +K        `apex_ms` is t_epoch + K, all that the curve needs
//
// An epoch begins at the first acknowledgment in congestion avoidance after a reduction, when it
// is known what the window has come to. Windows are octets; C is segments per cubic second.
// Fast convergence (§4.7) is on. Slow start is HyStart++ at first, L = 2 afterwards (RFC 3465).
#include "tcp/tcp_cc.h"

enum {
    SLOW_START_SEGMENTS = 2, // RFC 3465 §2.2: L
    NS_PER_MS = 1000000,
    ESTIMATE_SHIFT = 24,
    MSS_PARTS = 10000,        // of a segment in the curve's arithmetic
    DISTANCE_MAX = 2097151,   // ms: 35 min, whose cube is below 2^63
    BETA_TWENTIETHS = 14,     // §4.6: beta_cubic = 0.7
    MARK_TWENTIETHS = 17,     // §4.6, RFC 8511 §3.1: 0.85 for a mark
    CONVERGE_TWENTIETHS = 17, // §4.7: (1 + beta_cubic) / 2 = 0.85
    // §4.3: alpha_cubic = 3 * (1 - beta_cubic) / (1 + beta_cubic) = 9 / 17
    ALPHA_OVER = 9,
    ALPHA_UNDER = 17,
};

// C = 0.4 segments per cubic second (§5.1), so that 1/C = 2.5e9 cubic ms per segment.
#define CUBIC_MS_PER_SEGMENT UINT64_C(2500000000)

static uint32_t clock_ms(uint64_t now_ns)
{
    return (uint32_t)(now_ns / NS_PER_MS);
}

// Digit by digit: with y the root so far, the next binary digit is 1 when
// (2y + 1)^3 - (2y)^3 = 3*2y*(2y + 1) + 1 still fits into what is left.
uint32_t tcp_cc_cubic_root(uint64_t x)
{
    uint64_t root = 0;
    for (int shift = 63; shift >= 0; shift -= 3) {
        root *= 2;
        uint64_t step = 3 * root * (root + 1) + 1;
        if (x >> shift >= step) {
            x -= step << shift;
            root++;
        }
    }
    return (uint32_t)root;
}

uint32_t tcp_cc_cubic_k_ms(uint32_t w_max_bytes, uint32_t cwnd_bytes, uint32_t mss_bytes)
{
    if (w_max_bytes <= cwnd_bytes) {
        return 0;
    }
    uint64_t way = w_max_bytes - cwnd_bytes; // at most 2^30: 2^30 * 2.5e9 < 2^62
    return tcp_cc_cubic_root(way * CUBIC_MS_PER_SEGMENT / mss_bytes);
}

uint32_t tcp_cc_cubic_window(uint32_t w_max_bytes, int64_t distance_ms, uint32_t mss_bytes)
{
    uint64_t d = (uint64_t)(distance_ms < 0 ? -distance_ms : distance_ms);
    d = d > DISTANCE_MAX ? DISTANCE_MAX : d;
    uint64_t parts = d * d * d / (CUBIC_MS_PER_SEGMENT / MSS_PARTS); // below 2^46
    uint64_t way = parts * mss_bytes / MSS_PARTS;
    if (distance_ms < 0) {
        return way < w_max_bytes ? (uint32_t)(w_max_bytes - way) : 0;
    }
    way += w_max_bytes;
    return way > TCP_CC_CWND_MAX ? TCP_CC_CWND_MAX : (uint32_t)way;
}

static void cubic_open(struct tcp_cc *cc)
{
    cc->own.cubic = (struct tcp_cc_cubic){0};
}

// §4.2; with W_max not known, after a timeout (§4.8) and after HyStart++ (§4.10), K is 0 and W_max
// the window, which also holds when slow start has gone beyond W_max.
static void begin_epoch(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t now_ms)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    own->w_max_bytes = tcp_cc_larger(own->w_max_bytes, cc->cwnd_bytes);
    own->w_est = (uint64_t)cc->cwnd_bytes << ESTIMATE_SHIFT;
    own->apex_ms = now_ms + tcp_cc_cubic_k_ms(own->w_max_bytes, cc->cwnd_bytes, mss_bytes);
    own->updated_ms = now_ms;
    own->credit = 0;
}

// §4.3 eq. 4 in octets: alpha = 1 once W_est has reached cwnd_prior.
static uint32_t estimate(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t acked = tcp_cc_smaller(ack->acked_bytes, cc->cwnd_bytes);
    uint64_t windows = ((uint64_t)acked << 32) / cc->cwnd_bytes; // at most 2^32
    uint64_t more = windows * ack->mss_bytes >> (32 - ESTIMATE_SHIFT);
    if (own->w_est >> ESTIMATE_SHIFT < cc->cwnd_prior_bytes) {
        more = more * ALPHA_OVER / ALPHA_UNDER;
    }
    const uint64_t most = (uint64_t)TCP_CC_CWND_MAX << ESTIMATE_SHIFT;
    own->w_est = own->w_est + more > most ? most : own->w_est + more;
    return (uint32_t)(own->w_est >> ESTIMATE_SHIFT);
}

// §4.4, §4.5: (target - cwnd)/cwnd per octet acknowledged, what is left of the division kept.
static void approach(struct tcp_cc *cc, uint32_t target, uint32_t acked_bytes)
{
    uint64_t most = (uint64_t)cc->cwnd_bytes + cc->cwnd_bytes / 2; // §4.2: 1.5 * cwnd
    if (target <= cc->cwnd_bytes) {
        return;
    }
    target = target > most ? (uint32_t)most : target;
    uint64_t credit =
        (uint64_t)tcp_cc_smaller(acked_bytes, cc->cwnd_bytes) * (target - cc->cwnd_bytes)
        + cc->own.cubic.credit;
    uint64_t more = credit / cc->cwnd_bytes;
    cc->own.cubic.credit = (uint32_t)(credit % cc->cwnd_bytes);
    cc->cwnd_bytes = tcp_cc_smaller(cc->cwnd_bytes + (uint32_t)more, TCP_CC_CWND_MAX);
}

// RFC 9293 §3.8.2 [MUST-19]; §4.2: time during which the window is not used does not count.
static void avoid(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    uint32_t now_ms = clock_ms(ack->now_ns);
    cc->cwnd_bytes = tcp_cc_larger(cc->cwnd_bytes, 1); // divided by
    if (own->w_est == 0) {
        begin_epoch(cc, ack->mss_bytes, now_ms);
    }
    if (!ack->is_limited_by_cwnd) {
        own->apex_ms += now_ms - own->updated_ms;
        own->updated_ms = now_ms;
        return;
    }
    own->updated_ms = now_ms;
    int32_t distance_ms = (int32_t)(now_ms - own->apex_ms);
    uint32_t w_est = estimate(cc, ack);
    if (tcp_cc_cubic_window(own->w_max_bytes, distance_ms, ack->mss_bytes) < w_est) {
        cc->cwnd_bytes = tcp_cc_larger(cc->cwnd_bytes, w_est); // the Reno-friendly region
        return;
    }
    int64_t ahead_ms = distance_ms + (int64_t)(ack->srtt_ns / NS_PER_MS);
    approach(cc, tcp_cc_cubic_window(own->w_max_bytes, ahead_ms, ack->mss_bytes), ack->acked_bytes);
}

static void cubic_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    if (ack->is_recovering) {
        return;
    }
    if (tcp_cc_is_initial_slow_start(cc)) {
        tcp_cc_hystart_on_ack(cc, &cc->own.cubic.hystart, ack);
        if (!tcp_cc_is_initial_slow_start(cc)) {
            cc->cwnd_prior_bytes = cc->cwnd_bytes; // §4.10
        }
        if (tcp_cc_is_initial_slow_start(cc) || !ack->moves_by_segments) {
            return;
        }
    }
    if (ack->moves_by_segments) {
        tcp_cc_cubic_steps_on_ack(cc, ack);
    } else if (cc->cwnd_bytes >= cc->ssthresh_bytes) {
        avoid(cc, ack);
    } else if (ack->is_limited_by_cwnd) {
        tcp_cc_slow_start(cc, ack, ack->counts_all ? UINT16_MAX : SLOW_START_SEGMENTS);
    }
}

static void remember(struct tcp_cc *cc, const struct tcp_cc_loss *loss, bool is_timeout)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    own->undo.cwnd_prior_bytes = cc->cwnd_prior_bytes;
    own->undo.w_max_bytes = own->w_max_bytes;
    own->undo.w_est_bytes = (uint32_t)(own->w_est >> ESTIMATE_SHIFT);
    own->undo.apex_ms = own->apex_ms;
    tcp_cc_remember(cc, loss, is_timeout);
}

// §4.6, of FlightSize; the next acknowledgment in congestion avoidance begins an epoch.
static uint32_t reduce(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    uint32_t beta = tcp_cc_is_gentle(cc, loss) ? MARK_TWENTIETHS : BETA_TWENTIETHS;
    uint32_t reduced = (uint32_t)((uint64_t)loss->flight_bytes * beta / 20);
    reduced -= loss->moves_by_segments ? reduced % loss->mss_bytes : 0;
    cc->ssthresh_bytes = tcp_cc_larger(reduced, 2 * loss->mss_bytes);
    cc->own.cubic.w_est = 0;
    return reduced;
}

static void cubic_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    uint32_t cwnd = cc->cwnd_bytes;
    remember(cc, loss, false);
    if (cwnd < cc->own.cubic.w_max_bytes) { // §4.7: others want a part
        cc->own.cubic.w_max_bytes = (uint32_t)((uint64_t)cwnd * CONVERGE_TWENTIETHS / 20);
    } else {
        cc->own.cubic.w_max_bytes = cwnd;
    }
    uint32_t reduced = reduce(cc, loss);
    cc->cwnd_bytes = tcp_cc_larger(reduced, (loss->is_ecn ? 1 : 2) * loss->mss_bytes);
}

// §4.8: the epoch after it starts where slow start ends.
static void cubic_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    remember(cc, loss, true);
    cc->own.cubic.w_max_bytes = 0;
    (void)reduce(cc, loss);
    cc->cwnd_bytes = loss->mss_bytes; // RFC 5681 §3.1: LW
}

// §5.8: an epoch that was interrupted begins anew, with the same W_max.
static void cubic_on_idle(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments)
{
    cc->own.cubic.w_est = 0;
    tcp_cc_on_idle(cc, mss_bytes, initial_segments);
}

static void cubic_on_restart(struct tcp_cc *cc, const struct tcp_cc_restart *restart)
{
    if (restart->moves_by_segments && cc->own.cubic.w_est != 0) {
        tcp_cc_cubic_steps_on_restart(cc, restart->now_ns);
    }
}

// §4.9. With no epoch before, or after a timeout, whose window is smaller, a new one begins, so
// that the window does not jump to an estimate above it.
static void cubic_on_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo)
{
    struct tcp_cc_cubic *own = &cc->own.cubic;
    if (!tcp_cc_undo(cc, undo)) {
        return;
    }
    cc->cwnd_prior_bytes = own->undo.cwnd_prior_bytes;
    own->w_max_bytes = own->undo.w_max_bytes;
    own->w_est = undo->was_timeout ? 0 : (uint64_t)own->undo.w_est_bytes << ESTIMATE_SHIFT;
    own->apex_ms = own->undo.apex_ms;
    own->credit = 0; // of another window
}

const struct tcp_cc_ops tcp_cc_cubic = {
    .name = "cubic",
    .open = cubic_open,
    .on_ack = cubic_on_ack,
    .on_loss = cubic_on_loss,
    .on_recovered = tcp_cc_on_recovered,
    .on_timeout = cubic_on_timeout,
    .on_idle = cubic_on_idle,
    .on_undo = cubic_on_undo,
    .on_restart = cubic_on_restart,
};
