// SPDX-License-Identifier: MIT
//
// Segments without a connection block: resets, and the answers of half-open connections, SYN
// cookies and TIME-WAIT. They lie in slots of one array, which grows by doubling up to
// config.answers_max; every slot in use is on one list of its interface.
//
//     free --push--> ready --the device took it, or it is lost--> free
//                    |   ^
//     the next hop   |   |  some next hop of the interface was found
//     is asked for   v   |
//                    parked --its next hop was given up--> free
#ifndef SYNFIN_TCP_STRAY_H
#define SYNFIN_TCP_STRAY_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/stack.h>

#include "base/seq.h"
#include "base/siphash.h"
#include "tcp/tcp_conn.h"

struct tcp;

enum {
    TCP_RESETS_PER_SECOND = 1000, // to nowhere, to one address
    TCP_RESET_COUNTS = 256,
};

// A segment to send that belongs to no connection block.
struct tcp_stray {
    struct tcp_pair pair; // local is the sender
    struct seq seq, ack;
    uint16_t flags, reason;
    uint16_t window;
    uint16_t mss;    // option; 0: none
    uint32_t number; // of the connection it belonged to; 0: none
    uint32_t iface;
    uint32_t ts_val, ts_ecr;
    uint8_t hop_limit, traffic_class;
    uint8_t wscale_shift;
    bool has_wscale, has_sack_permitted, has_timestamps;
    bool has_accecn;               // carries the AccECN option of a SYN+ACK
    bool has_fastopen;             // carries the Fast Open cookie of pair.remote ...
    bool is_fastopen_experimental; // ... in the option shared by experiments
    bool is_again;                 // its octets of sequence space were sent before
};

// First in, first out, linked by slot numbers.
struct tcp_stray_list {
    uint32_t first, last; // valid unless count is 0
    uint32_t count;
};

struct tcp_stray_slot {
    struct tcp_stray stray;
    uint32_t next;      // on its list, or of the free slots
    uint32_t neighbour; // number of the next hop that a parked one waits for
};

struct tcp_strays {
    struct tcp_stray_slot *slot;
    uint32_t slots;             // in the array, at most config.answers_max
    struct tcp_stray_list free; // of the slots below slots_used
    uint32_t slots_used;        // slots from here on were never used
    uint32_t parked_count;      // on all interfaces
    struct tcp_stray_list ready[SYNFIN_IFACES_MAX];
    struct tcp_stray_list parked[SYNFIN_IFACES_MAX];
    bool was_first[SYNFIN_IFACES_MAX]; // before a connection that waits: that one is next
    struct siphash_key reset_key;      // of the hash of addresses
    uint64_t reset_second;             // the second that the counts below are of
    uint16_t resets[TCP_RESET_COUNTS]; // to nowhere, by hash of address and second
};

// False when there is no memory.
bool tcp_stray_init(struct tcp *tcp);
void tcp_stray_deinit(struct tcp *tcp);

// Queues it for stray->iface; false when there is no slot for it, which is counted.
bool tcp_stray_push(struct tcp *tcp, const struct tcp_stray *stray);
// Counts one more reset to nowhere, unless this address has had enough of them: then false.
bool tcp_stray_may_reset(struct tcp *tcp, const struct synfin_addr *remote, uint64_t now_ns);
// A reset from a connection that ends.
void tcp_stray_reset(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                     uint64_t now_ns);

// Output, pulled by the stack: it looks at the first stray, finds its next hop, and then either
// emits and pops it, parks it, or moves it.
bool tcp_stray_is_ready(const struct tcp *tcp, uint32_t iface);
// NULL when there is none; valid until it is popped, parked or moved, or another is pushed.
const struct tcp_stray *tcp_stray_first(const struct tcp *tcp, uint32_t iface);
// Builds the first one's segment in packet->room, as tcp_output does.
void tcp_stray_emit(struct tcp *tcp, const struct tcp_stray *stray, struct synfin_packet *packet,
                    uint64_t now_ns);
// Octets of its TCP header, options included.
uint32_t tcp_stray_header_bytes(const struct tcp_stray *stray);
void tcp_stray_pop(struct tcp *tcp, uint32_t iface);
// The first one waits for its next hop; false when so many wait that it must be given up.
bool tcp_stray_park(struct tcp *tcp, uint32_t iface, uint32_t neighbour);
// The first one leaves by another interface.
void tcp_stray_move(struct tcp *tcp, uint32_t iface, uint32_t to);
// Before those that are ready.
void tcp_stray_unpark_all(struct tcp *tcp, uint32_t iface);
// Loses, and counts, those that wait for this next hop.
void tcp_stray_lose_parked(struct tcp *tcp, uint32_t iface, uint32_t neighbour, uint64_t now_ns);

// Walks every list; whether all holds together. For tests.
bool tcp_stray_check(const struct tcp *tcp);

#endif
