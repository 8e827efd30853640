// SPDX-License-Identifier: MIT
//
// DCTCP (RFC 8257): the window is cut by how much of the last round trip was marked, and not that
// something was, so that queues stay at the threshold at which routers mark. Growth and losses are
// NewReno's. For networks whose routers mark early, such as data centres: where they do not, it is
// NewReno.
//
//     each round trip:     alpha = (1 - g) * alpha + g * marked octets / octets      g = 1/16
//     once a window, ECN:  cwnd = cwnd * (1 - alpha / 2)
#include "tcp/tcp_cc.h"

enum { G_SHIFT = 4 }; // §4.2: g = 1/16

// alpha is a part of 2^20, of which a sixteenth is never lost in the division.
#define ALPHA_ONE (UINT32_C(1) << 20)

static void dctcp_open(struct tcp_cc *cc)
{
    cc->own.dctcp = (struct tcp_cc_dctcp){.alpha = ALPHA_ONE}; // §3.3: as if all had been marked
}

// §3.3 steps 5 and 6.
uint32_t tcp_cc_dctcp_alpha(uint32_t alpha, uint64_t marked_bytes, uint64_t acked_bytes)
{
    uint32_t marked = (uint32_t)(((uint64_t)ALPHA_ONE >> G_SHIFT) * marked_bytes / acked_bytes);
    // The share that leaves is rounded up, so that a path without marks comes to 0.
    return alpha - (alpha + (1 << G_SHIFT) - 1) / (1 << G_SHIFT) + marked;
}

// §3.3 steps 1 to 8.
static void observe(struct tcp_cc_dctcp *own, const struct tcp_cc_ack *ack)
{
    own->acked_bytes += ack->acked_bytes;
    own->marked_bytes += tcp_cc_smaller(ack->marked_bytes, ack->acked_bytes);
    if (!ack->is_round_end || own->acked_bytes == 0) {
        return;
    }
    own->alpha = tcp_cc_dctcp_alpha(own->alpha, own->marked_bytes, own->acked_bytes);
    own->alpha = tcp_cc_smaller(own->alpha, ALPHA_ONE);
    own->acked_bytes = own->marked_bytes = 0;
}

static void dctcp_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack)
{
    observe(&cc->own.dctcp, ack);
    tcp_cc_newreno_grow(cc, &cc->own.dctcp.growth, ack);
}

// §3.3 step 9 for marks, §3.5 for losses: RFC 5681 §3.1 eq. 4. Two segments at least, which is also
// what one acknowledgment in two needs.
static void reduce(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    struct tcp_cc_dctcp *own = &cc->own.dctcp;
    uint32_t flight = loss->flight_bytes;
    uint32_t cut = loss->is_ecn ? (uint32_t)((uint64_t)flight * own->alpha / ALPHA_ONE / 2)
                                : flight - flight / 2;
    cc->ssthresh_bytes = tcp_cc_larger(flight - cut, 2 * loss->mss_bytes);
    own->growth.counted_bytes = 0;
}

static void dctcp_on_loss(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    tcp_cc_remember(cc, loss, false);
    reduce(cc, loss);
    cc->cwnd_bytes = cc->ssthresh_bytes;
}

static void dctcp_on_timeout(struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    tcp_cc_remember(cc, loss, true);
    reduce(cc, loss);
    cc->cwnd_bytes = loss->mss_bytes; // LW
}

const struct tcp_cc_ops tcp_cc_dctcp = {
    .name = "dctcp",
    .open = dctcp_open,
    .on_ack = dctcp_on_ack,
    .on_loss = dctcp_on_loss,
    .on_recovered = tcp_cc_on_recovered,
    .on_timeout = dctcp_on_timeout,
    .on_idle = tcp_cc_on_idle,
    .on_undo = tcp_cc_on_undo,
};
