// SPDX-License-Identifier: MIT
//
// The network layer as the stack sees it: packets in, verdicts out; transport headers in, whole
// packets out; routes, neighbours and time. It knows nothing of TCP beyond its protocol number.
//
//     stack_input   net_input(packet) ---> TRANSPORT: a segment for TCP      (valid until the
//                                    \--> ICMP_ERROR: quotes one of ours      next net_input)
//                                     \-> DONE: handled or dropped, counted
//     stack_output  net_route once per connection, then per packet:
//                   net_resolve(path) -> READY: net_emit(packet)
//                                     \-> PENDING: wait for net_next_change
//                   net_output(iface): what net itself has to send
//     stack_advance net_advance when net_tick's entry comes up in the wheel
//
// After net_input, net_advance and net_output the stack polls net_next_change until it is false.
// At the start of each of its verbs it calls net_reclaim.
#ifndef SYNFIN_NET_NET_H
#define SYNFIN_NET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/packet.h>
#include <synfin/stack.h>

#include "base/report.h"
#include "base/seq.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "buf/gather.h"

struct net;

// All borrowed for the net's life.
struct net_config {
    struct slab_source *source;
    struct wheel *wheel;
    struct report *report;
    struct siphash_key key;        // secret; behind table places and random waits
    uint32_t reassembly_bytes_max; // of IP fragments held at once
    uint8_t hop_limit;             // default TTL and hop limit of what is sent
};

enum {
    NET_PROTOCOL_TCP = 6,
    NET_NEIGHBOURS_MAX = 256,  // neighbour entries per stack; their numbers are below this
    NET_HEADERS_MAX = 14 + 40, // what net_emit puts before a transport header at most
    NET_IFACE_ANY = 0xff,      // net_route: no interface is preferred
};

// NULL when the source has no memory.
struct net *net_create(const struct net_config *config, uint64_t now_ns);
void net_destroy(struct net *net /* takes */);

// As synfin_stack_add_iface and its companions, include/synfin/stack.h.
enum synfin_error net_add_iface(struct net *net, const struct synfin_iface_config *config,
                                uint64_t now_ns, uint32_t *iface);
enum synfin_error net_add_addr(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                               uint64_t now_ns);
enum synfin_error net_add_route(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                                const struct synfin_addr *gateway);
// A neighbour entry that nothing from the wire changes.
enum synfin_error net_add_neighbour(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                                    const uint8_t mac[6]);

uint32_t net_ifaces(const struct net *net);
const struct synfin_iface_config *net_iface_config(const struct net *net, uint32_t iface);
// True when it is a usable address of ours, on any interface.
bool net_is_local(const struct net *net, const struct synfin_addr *addr);
// True when no TCP connection can have it as its peer: unspecified, multicast, broadcast (also of
// our own networks), loopback, IPv4 class E.
bool net_is_no_peer(const struct net *net, const struct synfin_addr *addr);

enum net_verdict {
    NET_VERDICT_DONE,       // consumed, or dropped: its reason is counted and told
    NET_VERDICT_TRANSPORT,  // a datagram of TCP's for one of our addresses
    NET_VERDICT_ICMP_ERROR, // well-formed and about a segment from one of our addresses
};

enum net_error_kind {
    NET_ERROR_NET_UNREACHABLE,
    NET_ERROR_HOST_UNREACHABLE,
    NET_ERROR_PORT_UNREACHABLE, // port or protocol: from the peer itself
    NET_ERROR_PROHIBITED,
    NET_ERROR_TOO_BIG, // mtu_bytes is what the path carries
    NET_ERROR_TIME_EXCEEDED,
    NET_ERROR_PARAMETER,
};

// What an ICMP error says. Anybody can send one: RFC 5927 §4.1 wants the sequence number checked
// against what is in flight before anything changes.
struct net_error {
    enum net_error_kind kind;
    struct synfin_endpoint local, remote; // of the quoted segment, which we may have sent
    struct seq seq;                       // the quoted sequence number
    uint32_t mtu_bytes;                   // TOO_BIG: at least 68 or 1280
    struct synfin_icmp icmp;              // its type and code, and who sent it
};

// What net_input found. `head` and `payload` begin at the transport header and lie in the packet
// or in the reassembly store: valid until the next net_input.
struct net_datagram {
    struct synfin_addr src, dst;
    struct gather payload;
    const uint8_t *head; // the linear octets at its front
    uint32_t head_bytes;
    uint8_t iface;
    uint8_t protocol;
    uint8_t traffic_class; // DSCP and ECN
    uint8_t hop_limit;
    bool is_checksum_verified; // by the device
    struct net_error error;    // with ICMP_ERROR only; the rest is then not set
};

// `iface` is one that net_add_iface gave; the packet is borrowed for the call.
enum net_verdict net_input(struct net *net, uint32_t iface, const struct synfin_packet *packet,
                           uint64_t now_ns, struct net_datagram *out);

// What a connection keeps of the way to its peer. A zeroed one is valid and stale: net_resolve
// looks the route up again whenever routes or addresses have changed. mtu_bytes and iface may be
// others after net_resolve.
struct net_path {
    uint32_t epoch;      // of the routes when it was looked up; 0: never
    uint32_t generation; // of the neighbour entry
    uint16_t neighbour;  // number of the neighbour entry last used
    uint16_t mtu_bytes;  // largest IP datagram on the interface
    uint8_t iface;
    uint8_t iface_bound; // where the peer is to be reached: number plus 1; 0: on any
};

enum net_resolution {
    NET_RESOLUTION_READY,   // `mac` is filled in (zeroed where there is none)
    NET_RESOLUTION_PENDING, // asked; net_next_change will name path->neighbour
    NET_RESOLUTION_FAILED,  // no route, or no room for another unresolved neighbour
};

// The way to `dst`; false when there is none. `iface_wanted` breaks ties and is the only choice
// for link-local addresses; replies to a SYN name the interface it came on.
bool net_route(const struct net *net, const struct synfin_addr *dst, uint32_t iface_wanted,
               struct net_path *path);
// Our address to use toward `dst` on this path; false when the interface has none that fits.
bool net_source(const struct net *net, const struct net_path *path, const struct synfin_addr *dst,
                struct synfin_addr *src);
// The link address for the next packet to `dst`; asks for it when it is not known.
enum net_resolution net_resolve(struct net *net, struct net_path *path,
                                const struct synfin_addr *dst, uint64_t now_ns, uint8_t mac[6]);
// The peer acknowledged something new: the next hop forwards what we send, RFC 4861 §7.3.1.
void net_confirm(struct net *net, const struct net_path *path, uint64_t now_ns);

struct net_change {
    struct synfin_addr next_hop;
    uint16_t neighbour; // as in net_path
    uint8_t iface;
    bool is_failed; // it does not answer; else it is resolved
};

// The next neighbour that was resolved or given up since it was PENDING; false when none.
bool net_next_change(struct net *net, struct net_change *change);

// The IP header to be, and where the packet goes.
struct net_header {
    const struct synfin_addr *src, *dst;
    const uint8_t *mac; // of the next hop; not read on interfaces that are not Ethernet
    uint32_t flow_label;
    uint8_t iface;
    uint8_t protocol;
    uint8_t traffic_class;
    uint8_t hop_limit; // 0: the default
};

// Puts the IP and Ethernet headers in front of packet->head, where NET_HEADERS_MAX octets of
// packet->room must be free, and moves checksum_start along. IPv4: DF set and identification 0,
// an atomic datagram of RFC 6864 §4.1.
void net_emit(const struct net *net, struct synfin_packet *packet, const struct net_header *header);

// Fills up to `max` packets with what net has to send on `iface`; returns how many. They stay
// valid until net_reclaim.
uint32_t net_output(struct net *net, uint32_t iface, struct synfin_packet *packets, uint32_t max,
                    uint64_t now_ns);
bool net_has_output(const struct net *net, uint32_t iface);
// Takes back the memory of packets that net_output gave.
void net_reclaim(struct net *net);

// net's one entry in the wheel: when wheel_pop_due gives it, call net_advance.
struct wheel_entry *net_tick(struct net *net);
void net_advance(struct net *net, uint64_t now_ns);

// Walks every structure; for tests, fuzzing and ASSERT_SLOW.
bool net_check(const struct net *net);

#endif
