// SPDX-License-Identifier: MIT
//
// What the path loses by chance, for BBR: on a radio link packets are lost however slowly one
// sends. A queue that overflows is seen before, by longer round trips; so what is lost while
// nothing waits is not congestion's, unless it is more than a path may lose by itself. Nor is as
// large a share of what is lost behind a queue.
// DEVIATES ccwg-bbr §5.5.10 and §2.5 (LossThresh), where every loss is a sign of congestion: a flow
// that gives way to losses of 3 % by chance ends with a twentieth of the path (docs/adr/0011).
#include "base/deadline.h"
#include "tcp/tcp_cc_bbr.h"

enum {
    CHANCE_PERCENT_MAX = 10, // what a path may lose by itself
    WINDOW_SEGMENTS = 1024,  // how far back its share is known: half of that to all of it
    NO_WAIT_PARTS = 4,       // of the least round trip, RACK's reordering window (RFC 8985 §6.2)
    DEVIATIONS_SQUARED = 4,  // two standard deviations
    SHARE_SHIFT = 12,        // parts of a share: a rate below 2^49 times that fits
};

// A loss is found later than what was sent beside it has arrived, and the queue may be gone then.
bool tcp_bbr_chance_has_no_queue(const struct tcp_bbr *bbr)
{
    return deadline_age(bbr->queue_seen_ns, bbr->now_ns) > bbr->min_rtt_ns / NO_WAIT_PARTS;
}

// Of all that is delivered between probes, not only of what finds no queue: a flow that others
// leave no empty queue does not learn from the few moments when it looks empty.
static void count(struct tcp_bbr *bbr, uint32_t delivered_bytes, uint32_t lost_bytes)
{
    if (tcp_bbr_phase_is_probing(bbr)) {
        return;
    }
    bbr->chance_bytes += delivered_bytes + lost_bytes;
    bbr->chance_lost_bytes += tcp_bbr_chance_has_no_queue(bbr) ? lost_bytes : 0;
    if (bbr->chance_bytes > (uint64_t)WINDOW_SEGMENTS * bbr->mss_bytes) {
        bbr->chance_bytes /= 2;
        bbr->chance_lost_bytes /= 2;
    }
}

void tcp_bbr_chance_on_delivered(struct tcp_bbr *bbr, uint32_t bytes)
{
    count(bbr, bytes, 0);
}

void tcp_bbr_chance_on_lost(struct tcp_bbr *bbr, uint32_t bytes)
{
    count(bbr, 0, bytes);
}

// How much of so many octets the path has lost by itself lately.
static uint64_t known_share(const struct tcp_bbr *bbr, uint64_t bytes)
{
    uint64_t least_window = (uint64_t)WINDOW_SEGMENTS / 4 * bbr->mss_bytes;
    uint64_t window = deadline_max(bbr->chance_bytes, least_window);
    return deadline_min(bytes * bbr->chance_lost_bytes / deadline_max(window, 1),
                        bytes * CHANCE_PERCENT_MAX / 100);
}

// How much of so many octets the path is expected to lose by itself.
static uint64_t share_of(const struct tcp_bbr *bbr, uint64_t bytes)
{
    return tcp_bbr_chance_has_no_queue(bbr) ? bytes * CHANCE_PERCENT_MAX / 100
                                            : known_share(bbr, bytes);
}

// Whether it is lost before the bottleneck or behind it: in either case that is what fills it.
uint64_t tcp_bbr_chance_outweigh(const struct tcp_bbr *bbr, uint64_t bytes_per_s)
{
    uint64_t parts = UINT64_C(1) << SHARE_SHIFT;
    return bytes_per_s * parts / (parts - known_share(bbr, parts));
}

// Losses by chance are spread as Poisson has it: their variance, in segments, is their number.
bool tcp_bbr_chance_is_exceeded(const struct tcp_bbr *bbr, uint64_t lost_bytes, uint64_t bytes,
                                uint64_t tolerated_bytes)
{
    uint64_t share = share_of(bbr, bytes);
    if (lost_bytes <= share + tolerated_bytes) {
        return false;
    }
    uint64_t excess = lost_bytes - share - tolerated_bytes;
    return excess * excess > DEVIATIONS_SQUARED * share * bbr->mss_bytes;
}
