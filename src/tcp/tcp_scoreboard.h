// SPDX-License-Identifier: MIT
//
// The scoreboard: what a sender has put into the network and what it knows of it (RFC 2018,
// RFC 6675, RFC 8985). Spans tile [SND.UNA, SND.NXT); each is what one transmission, or several of
// the same moment and kind, put there, and is in exactly one state:
//
//     sent          -> FLIGHT            undo_lost     LOST, never sent again -> FLIGHT
//     mark_lost_...    FLIGHT, RESENT -> LOST          resent           -> RESENT
//     sacked           any -> SACKED     forget_sacks  SACKED -> LOST
//     acked            any -> gone
//
// FLIGHT and RESENT are the pipe; they are also on a list in the order of transmission.
// Neighbours that are SACKED are one span. That bounds the work: whatever a peer writes into its
// SACK blocks, a call visits O(log n) spans and those that it changes (CVE-2019-11478).
//
// Without memory, or with spans_max spans in use, no call fails but `sent`, and it nearly never;
// each says what it does instead. None claims that an octet was delivered which was not.
// The board must not move: its list and its own span are part of it.
#ifndef SYNFIN_TCP_SCOREBOARD_H
#define SYNFIN_TCP_SCOREBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/seq.h"
#include "base/slab.h"
#include "base/treap.h"

enum tcp_span_state {
    TCP_SPAN_STATE_FLIGHT = 1, // sent once, nothing heard
    TCP_SPAN_STATE_RESENT = 2, // sent again, nothing heard since
    TCP_SPAN_STATE_SACKED = 4, // selectively acknowledged
    TCP_SPAN_STATE_LOST = 8,   // to be sent again
};

// The connection when something was sent, for samples of the delivery rate.
struct tcp_send_snapshot {
    uint64_t delivered_bytes; // by the connection until then
    uint64_t delivered_ns;    // when these were
    uint64_t first_sent_ns;   // start of the flight whose sample this will be
    uint64_t lost_bytes;      // by the connection until then
    uint32_t in_flight_bytes; // with what was sent; when spans are joined, the later one's
    bool is_app_limited;      // there was nothing more to send
};

struct tcp_span {
    struct treap_node order; // by sequence number; `kinds` is the state and TCP_SPAN_UNDOABLE
    struct list_node times;  // FLIGHT and RESENT: by time of transmission
    struct seq left, right;  // [left, right), never empty
    uint64_t sent_ns;        // last transmission
    uint64_t first_ns;       // first transmission of its oldest octet
    struct tcp_send_snapshot snapshot;
    uint8_t resends; // of its octets, at most; UINT8_MAX: at least
    bool is_mixed;   // sent_ns is not the time of all its octets: no RTT sample
};

_Static_assert(sizeof(struct tcp_span) <= 124, "a span and its tag are two cache lines");

// Is told of each span that becomes LOST, before it does.
struct tcp_scoreboard_watch {
    void (*tell)(void *context, const struct tcp_span *span);
    void *context;
};

struct tcp_scoreboard {
    struct seq una, nxt;   // SND.UNA, SND.NXT
    struct seq fack;       // RACK.fack: highest right edge acknowledged in any way
    uint32_t flight_bytes; // octets in each state
    uint32_t resent_bytes;
    uint32_t sacked_bytes;
    uint32_t lost_bytes;
    uint32_t count; // spans
    uint32_t spans_max;
    struct slab_pool *pool;
    struct treap order;     // by sequence number; its `steps` counts all work
    struct list_node times; // oldest transmission first
    uint64_t latest_ns;     // of all transmissions; clocks that go back are held here
    const struct tcp_scoreboard_watch *watch; // NULL: nobody
    uint64_t lost_again_ns; // the latest transmission of what was RESENT and became LOST; 0: none
    bool is_own_used;
    bool keeps_bursts;   // what is sent at the same moment is not joined
    struct tcp_span own; // the first to be used: small flights take nothing from the pool
};

// What one ACK has newly delivered; acked and then every sacked of the ACK add to it.
struct tcp_delivery {
    uint32_t acked_bytes;  // below the new SND.UNA, not SACKED before
    bool has_acked_resent; // something was sent again of what now lies below SND.UNA
    uint32_t sacked_bytes; // newly SACKED
    struct seq fack;       // RACK.fack before the ACK
    // The most recently sent of it, by (sent_ns, right): RACK.segment (RFC 8985 §6.2 step 2).
    bool has_newest;
    bool newest_is_mixed;
    uint8_t newest_resends;
    struct seq newest_right;
    uint64_t newest_sent_ns;
    uint64_t newest_first_ns;
    struct tcp_send_snapshot newest_snapshot;
    // Something never sent again was among it, and the latest time such was sent: an RTT sample
    // by Karn's rule. SYNFIN_NEVER: only spans that are mixed.
    bool has_once;
    uint64_t once_sent_ns;
    struct seq once_right;  // the highest right edge of what was sent then
    struct seq once_lowest; // the smallest right edge of all such
    // Something never sent again was among it below fack (RFC 8985 §6.2 step 3): the smallest
    // right edge of such, and the smallest left edge.
    bool is_reordered;
    struct seq reordered_right, reordered_left;
};

// Takes no memory yet. `seed` is secret, see treap.h; spans_max is at least 1.
void tcp_scoreboard_init(struct tcp_scoreboard *board, struct slab_pool *pool, uint32_t spans_max,
                         uint64_t seed, struct seq iss);
// Forgets everything in flight and gives the spans back: SND.UNA becomes SND.NXT.
void tcp_scoreboard_clear(struct tcp_scoreboard *board);

// [left, right) goes out for the first time; left is SND.NXT. Joins the last span when that was
// sent at the same moment. Without memory it joins the last span too, whose time becomes `now_ns`
// (a LOST one stays LOST, so that the new octets are sent twice). False only when the last span is
// SACKED then: nothing may be sent now; other spans are outstanding, whose end makes room.
bool tcp_scoreboard_sent(struct tcp_scoreboard *board, struct seq left, struct seq right,
                         uint64_t now_ns, const struct tcp_send_snapshot *snapshot);
// What went out piece by piece before the board was there, up to `right`; the last piece at that
// time. First of all that the board hears.
void tcp_scoreboard_sent_before(struct tcp_scoreboard *board, struct seq right, uint64_t latest_ns,
                                const struct tcp_send_snapshot *snapshot);
// What of [left, right) is not SACKED goes out again: LOST as a rule, in flight for a probe.
// Without memory the whole span counts as sent again; what was not is found lost again later.
void tcp_scoreboard_resent(struct tcp_scoreboard *board, struct seq left, struct seq right,
                           uint64_t now_ns, const struct tcp_send_snapshot *snapshot);

void tcp_scoreboard_delivery_init(const struct tcp_scoreboard *board,
                                  struct tcp_delivery *delivery);
// SND.UNA moves to `una`; outside [SND.UNA, SND.NXT] it is ignored. Needs no memory.
void tcp_scoreboard_acked(struct tcp_scoreboard *board, struct seq una,
                          struct tcp_delivery *delivery);
// A SACK block, after the ACK's own acked; ignored unless SND.UNA < left < right <= SND.NXT. Part
// of a span that cannot be cut off without memory stays as it is and is not counted.
void tcp_scoreboard_sacked(struct tcp_scoreboard *board, struct seq left, struct seq right,
                           struct tcp_delivery *delivery);

// Each gives the number of octets newly LOST. All that is in flight, after a timeout:
uint32_t tcp_scoreboard_mark_lost_all(struct tcp_scoreboard *board);
// What is in flight of the first `bytes` above SND.UNA, for peers without SACK. Without memory the
// span at the edge becomes LOST as a whole.
uint32_t tcp_scoreboard_mark_lost_first(struct tcp_scoreboard *board, uint32_t bytes);
// RFC 8985 §6.2 step 5: what was sent before the segment (rack_sent_ns, rack_right) and at least
// wait_ns ago. remaining_ns gets how long until all of that segment's elders are lost, 0 for none;
// behind many elders the time until the segment's own age is wait_ns, which is not less.
uint32_t tcp_scoreboard_mark_lost_by_time(struct tcp_scoreboard *board, uint64_t rack_sent_ns,
                                          struct seq rack_right, uint64_t wait_ns, uint64_t now_ns,
                                          uint64_t *remaining_ns);
// The peer has reneged (RFC 2018 §8): all that is SACKED becomes LOST, for good.
uint32_t tcp_scoreboard_forget_sacks(struct tcp_scoreboard *board);
// The loss was none: what is LOST and was never sent again is back in flight. Gives its octets.
uint32_t tcp_scoreboard_undo_lost(struct tcp_scoreboard *board);

// The span that holds this octet, or NULL outside [SND.UNA, SND.NXT).
const struct tcp_span *tcp_scoreboard_find(struct tcp_scoreboard *board, struct seq at);
// The lowest LOST span, or NULL.
const struct tcp_span *tcp_scoreboard_first_lost(struct tcp_scoreboard *board);
// The highest right edge that is SACKED now; false when nothing is.
bool tcp_scoreboard_highest_sacked(struct tcp_scoreboard *board, struct seq *right);
enum tcp_span_state tcp_scoreboard_state_of(const struct tcp_span *span);

// RFC 6675 §4's pipe: octets believed to be in the network.
static inline uint32_t tcp_scoreboard_pipe(const struct tcp_scoreboard *board)
{
    return board->flight_bytes + board->resent_bytes;
}

// Invariant Q8: recounts everything and walks both orders.
bool tcp_scoreboard_check(const struct tcp_scoreboard *board);

#endif
