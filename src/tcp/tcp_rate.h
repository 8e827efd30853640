// SPDX-License-Identifier: MIT
//
// How fast the path delivers, measured by each acknowledgment: draft ccwg-bbr (06) §4.1. What is
// sent takes a snapshot with it (struct tcp_send_snapshot); when it is delivered, what was
// delivered since, over the time that took to send or to be acknowledged, whichever was longer, is
// a sample of the rate.
//
//     sent:       ... P0 ......... P ...      P0: what was delivered last when P was sent
//                     |--- send ---|          send_elapsed = P.sent - P0.sent
//     delivered:            P0 ........ P     ack_elapsed = P's delivery - P0's
//
// A sample is limited by the application when the sender ran dry while it was taken: it says what
// the sender had, and not what the path can do.
//
// Peers without SACK have no scoreboard that could carry snapshots: their connection takes one
// sample per round trip, of what is acknowledged from one segment's sending to its acknowledgment.
#ifndef SYNFIN_TCP_TCP_RATE_H
#define SYNFIN_TCP_TCP_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"

struct tcp_conn;
struct tcp_delivery;
struct tcp_send_snapshot;
struct tcp_span;

// What outlasts a flight. Written by tcp_rate.c.
struct tcp_rate {
    uint64_t bytes_per_s : 61;      // of the best sample lately; 0: none
    uint64_t is_sample_limited : 1; // that one was limited by the application
    uint64_t is_app_limited : 1;    // C.app_limited is set
    uint64_t has_round : 1;         // without SACK: the three below are set
    uint32_t app_limited_end;       // C.app_limited: delivered octets at its end, modulo 2^32
    struct seq round_end;           // without SACK: acknowledged when the sample is complete
    uint64_t round_ns;              // when that was sent
    uint32_t round_delivered_bytes; // acknowledged until then, modulo 2^32
    uint32_t round_in_flight_bytes; // with it; 0: no good sample
};

// Of a flight with a scoreboard; names beginning with C. are the draft's.
struct tcp_rate_flight {
    uint64_t delivered_bytes; // C.delivered
    uint64_t delivered_ns;    // C.delivered_time
    uint64_t first_sent_ns;   // C.first_send_time
    uint64_t lost_bytes;      // C.lost, since the flight began
    struct seq lost_right;    // where the octets end that were lost last
    struct seq full_end;      // SND.NXT when the congestion window was last in full use
    bool has_lost, has_been_full;
};

// What one acknowledgment says (RS.).
struct tcp_rate_sample {
    uint64_t delivered_bytes;       // C.delivered: by the connection, this included
    uint64_t prior_delivered_bytes; // C.delivered when the newest of what is delivered was sent
    uint64_t interval_ns;           // RS.interval
    uint64_t bytes_per_s;           // RS.delivery_rate; 0: not known
    uint64_t rtt_ns;                // of the newest that cannot be mistaken; 0: not known
    uint64_t window_bytes;          // RS.delivered: during the interval; 0: not known
    uint64_t lost_bytes;            // RS.lost: during the interval
    uint32_t acked_bytes;           // RS.newly_acked: by this acknowledgment, in any way
    uint32_t lost_now_bytes;        // RS.newly_lost
    uint32_t tx_in_flight_bytes;    // RS.tx_in_flight: with the newest, when that was sent
    bool has_prior;                 // prior_delivered_bytes is set, and with it what follows
    bool is_app_limited;
    bool is_cwnd_limited; // C.is_cwnd_limited: the window was in full use during the round trip
};

// Octets that the peer is known to have.
uint64_t tcp_rate_delivered(const struct tcp_conn *conn);
// The best rate lately, octets per second, 0 without a sample; and whether the application limited
// it, as tcpi_delivery_rate and tcpi_delivery_rate_app_limited of Linux.
uint64_t tcp_rate_latest(const struct tcp_conn *conn);
bool tcp_rate_is_app_limited(const struct tcp_conn *conn);

// Before more octets are queued, and before an acknowledgment or a timer changes what is in flight:
// if the sender has run dry, the samples of the next round trip are limited.
void tcp_rate_check_dry(struct tcp_conn *conn);
// The samples of the next round trip are limited, whatever the sender has.
void tcp_rate_limit(struct tcp_conn *conn);

// tcp_loss.c tells: a flight begins; `bytes` go out, before the scoreboard knows; they have gone.
void tcp_rate_begin(struct tcp_conn *conn);
void tcp_rate_on_send(struct tcp_conn *conn, uint32_t bytes, uint64_t now_ns,
                      struct tcp_send_snapshot *out);
void tcp_rate_on_sent(struct tcp_conn *conn);
// An acknowledgment has delivered something; then losses may be told; then the sample is complete.
void tcp_rate_on_delivered(struct tcp_conn *conn, const struct tcp_delivery *delivery,
                           uint64_t now_ns, struct tcp_rate_sample *out);
// True when the span does not go on where the last loss ended.
bool tcp_rate_on_lost(struct tcp_conn *conn, const struct tcp_span *span);
void tcp_rate_complete(struct tcp_conn *conn, struct tcp_rate_sample *sample);

// The same without a scoreboard: `end` is behind what goes out, SND.UNA has moved by `acked_bytes`.
void tcp_rate_on_sent_plainly(struct tcp_conn *conn, struct seq end, bool is_again,
                              uint64_t now_ns);
void tcp_rate_on_acked_plainly(struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns,
                               struct tcp_rate_sample *out);

#endif
