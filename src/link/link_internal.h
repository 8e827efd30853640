// SPDX-License-Identifier: MIT
//
// What the files of src/link share: a link's two sides, the packets under way, and the order in
// which a packet's fate is decided.
//
//     send -> number -> MTU -> chosen -> random loss -> line (rate, queue) -> jitter, hold -> queue
//                                                                                               |
//     receive <- packets whose arrives_ns has come, in order of (arrives_ns, number) <----------+
//
// Invariants: 1. packets that are not held back arrive in the order in which they were sent, so
// that a list holds them sorted and only those held back need a heap. 2. A packet leaves the
// line's list before it leaves the queue, since it never arrives before it has departed. 3. What
// happens to the k-th packet of a side depends on seed, side, k and the settings alone, not on
// the other side's packets, nor on which other faults are set.
#ifndef SYNFIN_LINK_LINK_INTERNAL_H
#define SYNFIN_LINK_LINK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>

#include "base/slab.h"

enum {
    LINK_ETHERNET_BYTES = 14, // destination, source, type
    LINK_PPM = 1000000,
    LINK_QUOTE_BYTES_MAX = 128, // of a packet that was too large: more than RFC 792 §1 promises
    LINK_TOO_BIG_BYTES_MAX = 192,
};

// A packet under way: a copy in one piece.
struct link_slot {
    uint64_t arrives_ns;
    uint64_t departs_ns;            // when its last bit has left the sender
    uint64_t number;                // of the packet on this link
    struct link_slot *next;         // on the queue's list, or on the list of those handed out
    struct link_slot *next_waiting; // on the line's list
    uint32_t bytes, conn;
    uint16_t reason;
    uint8_t checksum, is_duplicate;
    uint8_t data[];
};

// The packets under way in one direction.
struct link_queue {
    struct link_slot *first, *last; // those in order
    struct link_slot **held;        // those held back: a heap, the first to arrive on top
    uint32_t held_count, held_capacity;
};

// The sender's line: packets depart one after the other at the link's rate.
struct link_line {
    struct link_slot *first, *last; // not yet departed
    uint32_t waiting;               // how many
    uint64_t free_ns;               // when the last one has departed
    uint64_t remainder;             // parts of a nanosecond beyond that, in 1/rate
};

// One end; the fields between device and received are about what is sent from here.
struct link_side {
    struct synfin_device device;
    synfin_link *link;
    enum synfin_link_side side;
    uint64_t dice;    // state of the generator before this packet's draws
    bool is_in_burst; // of losses
    struct link_line line;
    struct link_line police;        // a line in which nobody waits
    struct link_queue queue;        // towards the other side
    uint64_t last_arrival_ns;       // of those in order
    struct link_slot *received;     // what the last receive handed out here
    struct synfin_link_stats stats; // without what can be seen from the rest
};

struct synfin_link {
    struct synfin_env env;
    struct synfin_link_config config;
    struct link_side sides[2];
    struct slab_source source;
    struct slab_pool slots;
    struct link_slot *free_slots; // kept until the link's end: a burst often follows a burst
    uint64_t now_ns;              // the latest time seen: it never runs backwards inside
    uint64_t numbers;             // given so far
    uint32_t seen[SYNFIN_DROP_RULES_MAX]; // segments that matched each rule
    uint32_t seen_late[SYNFIN_LATE_RULES_MAX];
    uint32_t seen_mark[SYNFIN_MARK_RULES_MAX];
    synfin_passage_fn observe;
    void *observe_ctx;
};

// What the faults do to one packet, before rate and queue.
struct link_verdict {
    enum synfin_reason lost; // UNKNOWN: not lost
    bool is_corrupted, is_duplicated, is_held_back;
    bool is_marked;              // set once it is known how long it waits
    uint64_t corrupt_draw;       // chooses the bit
    uint64_t jitter_ns, hold_ns; // hold_ns: of those held back
};

// link_fault.c
uint64_t link_fault_dice(uint64_t seed, enum synfin_link_side side);
void link_fault_judge(struct link_side *side, const struct synfin_packet *packet,
                      struct link_verdict *verdict);
void link_fault_corrupt(struct link_slot *slot, uint32_t header_bytes, uint64_t draw);

// link_drop.c: true when a rule chooses this packet; every rule counts what matches it.
bool link_drop_is_chosen(synfin_link *link, enum synfin_link_side from,
                         const struct synfin_packet *packet);
// How long a rule holds this packet back, the longest of them; 0: none does.
uint64_t link_drop_lateness(synfin_link *link, enum synfin_link_side from,
                            const struct synfin_packet *packet);

// True when a rule wants this packet marked.
bool link_drop_is_marked(synfin_link *link, enum synfin_link_side from,
                         const struct synfin_packet *packet);

// link_mark.c
// Whether the queue that a packet finds, or its wait for the line, is too long. Before it is on the
// line itself.
bool link_mark_is_due(const struct link_side *side, uint64_t waits_ns);
// Marks an ECN-capable packet; false when it is none, or marked already.
bool link_mark(const struct link_side *side, struct link_slot *slot);
// link_too_big.c: the router's message about a packet that is `bytes` long, of which at least
// LINK_QUOTE_BYTES_MAX are at `packet`; gives its length, 0 when nobody is to be told.
uint32_t link_too_big_build(const uint8_t *packet, uint32_t bytes, bool is_ethernet,
                            uint32_t mtu_bytes, uint8_t out[LINK_TOO_BIG_BYTES_MAX]);

// link_stats.c
void link_stats_lose(struct link_side *side, enum synfin_reason reason);
void link_stats_queue(struct link_side *side);

// link_line.c
void link_line_advance(struct link_line *line, uint64_t now_ns);
// When a packet of `bytes` octets that comes now has departed; the line is taken until then.
uint64_t link_line_depart(struct link_line *line, uint64_t rate_bps, uint32_t bytes,
                          uint64_t now_ns);
// Whether a packet that comes now fits into a bucket of `bucket_bytes` that drains at the rate, in
// which it then is.
bool link_line_fits(struct link_line *line, uint64_t rate_bps, uint32_t bucket_bytes,
                    uint32_t bytes, uint64_t now_ns);
void link_line_wait(struct link_line *line, struct link_slot *slot);

// link_queue.c
void link_queue_push(struct link_queue *queue, struct link_slot *slot);
// Pushes a packet that others may overtake; room must have been made for it.
void link_queue_hold(struct link_queue *queue, struct link_slot *slot);
// Makes room for one more packet that is held back; false when there is no memory.
bool link_queue_reserve(struct link_queue *queue, struct slab_source *source);
// The packet that arrives first; NULL when none is under way.
struct link_slot *link_queue_peek(const struct link_queue *queue);
// Takes off what link_queue_peek gives.
void link_queue_pop(struct link_queue *queue);
void link_queue_deinit(struct link_queue *queue, struct slab_source *source);

#endif
