// SPDX-License-Identifier: MIT
//
// The data of the network layer. Everything is bounded, and nothing grows with the number of
// connections: tables of a few dozen addresses and routes, 256 neighbours, a store of fragments
// and two pools of small packets that wait to be sent.
//
//     iface[] --- ready lists of control packets       addr[]: ours, on all interfaces
//     route[]: longest prefix first                    neighbour blocks + hash chains
//     fragments: datagrams -> sorted blocks            tick: one wheel entry for all deadlines
#ifndef SYNFIN_NET_NET_STATE_H
#define SYNFIN_NET_NET_STATE_H

#include "base/entropy.h"
#include "base/list.h"
#include "net/net.h"
#include "wire/wire_eth.h"

enum {
    // What a user may add per interface, the link-local address, and three from routers.
    NET_ADDRS_PER_IFACE = SYNFIN_ADDRS_MAX + 4,
    NET_ADDRS_MAX = SYNFIN_IFACES_MAX * NET_ADDRS_PER_IFACE,
    // The user's routes, and as many for networks of our addresses and from routers.
    NET_ROUTES_MAX = 2 * SYNFIN_ROUTES_MAX,
    NET_ROUTES_LEARNT_MAX = 8, // of those, from router advertisements: RFC 4861 §6.3.4
    NET_NONE = 0xffff,         // no entry of a table

    NEIGHBOUR_BLOCK = 32, // entries taken at a time
    NEIGHBOUR_INCOMPLETE_MAX = NET_NEIGHBOURS_MAX / 2,
    NEIGHBOUR_WAITING_MAX = 3, // control packets kept per unresolved neighbour
    NEIGHBOUR_BUCKETS = 256,

    CONTROL_ROOM = 56,         // link and IP headers in front of the transport's, aligned
    CONTROL_SMALL_BYTES = 136, // transport octets: an echo of 128, every ND message
    CONTROL_LARGE_BYTES = 1480,
    CONTROL_SMALL_MAX = 64,
    CONTROL_LARGE_MAX = 16,

    FRAGMENT_OCTETS = 1504, // per block: a whole packet of an Ethernet
    FRAGMENT_DATAGRAMS_MAX = 16,
    FRAGMENT_BLOCKS_MAX = 64, // per datagram; also its spans
};

enum addr_state {
    ADDR_STATE_OPTIMISTIC, // usable, uniqueness not yet proved: RFC 4429 §2.1
    ADDR_STATE_PREFERRED,
    ADDR_STATE_DUPLICATE, // another station has it: never used again
};

struct net_addr {
    struct synfin_addr addr;
    uint64_t probe_ns;        // OPTIMISTIC: when uniqueness counts as proved
    uint64_t preferred_ns;    // until then it may begin connections: RFC 4862 §5.5.4
    uint64_t valid_ns;        // until then it exists
    uint32_t ip4, broadcast4; // IPv4 as numbers; 0 for IPv6, and where there is no broadcast
    uint8_t bits;             // of the prefix, in the address's own IP version
    uint8_t iface;
    uint8_t state; // enum addr_state
    bool is_autonomous;
};

enum route_origin { ROUTE_ORIGIN_USER, ROUTE_ORIGIN_CONNECTED, ROUTE_ORIGIN_ROUTER };

struct route {
    struct synfin_prefix prefix;
    struct synfin_addr gateway; // unspecified: on the link
    uint64_t valid_ns;
    uint8_t iface;
    uint8_t origin; // enum route_origin
    bool has_gateway;
};

// RFC 4861 §7.3.2, for ARP as well. Legal edges, all in neighbour.c:
//     FREE -> INCOMPLETE (wanted) | STALE (it asked us)
//     INCOMPLETE -> REACHABLE | STALE (answered) | FAILED (3 tries)
//     REACHABLE -> STALE (30 s, or news) -> DELAY (used) -> PROBE (5 s) -> FREE (3 tries)
//     any of STALE, DELAY, PROBE -> REACHABLE (answered or confirmed by TCP)
//     FAILED -> FREE (told) | INCOMPLETE (wanted again)
enum neighbour_state {
    NEIGHBOUR_STATE_FREE,
    NEIGHBOUR_STATE_INCOMPLETE,
    NEIGHBOUR_STATE_REACHABLE,
    NEIGHBOUR_STATE_STALE,
    NEIGHBOUR_STATE_DELAY,
    NEIGHBOUR_STATE_PROBE,
    NEIGHBOUR_STATE_FAILED, // kept only until net_next_change has told it
};

struct neighbour {
    struct synfin_addr addr;
    struct list_node change;  // on net's list of changes to tell, or on none
    struct list_node waiting; // control packets for it
    uint64_t deadline_ns;     // INCOMPLETE, DELAY, PROBE: next action; REACHABLE: until when
    uint64_t used_ns;         // when something was last sent to it
    uint64_t changed_ns;      // when its link address was last set
    uint32_t generation;      // counts uses of this slot; 0 names none
    uint16_t number;          // of this slot
    uint16_t next;            // hash chain or free list, NET_NONE at the end
    uint8_t mac[WIRE_ETH_ADDR];
    uint8_t state; // enum neighbour_state
    uint8_t iface;
    uint8_t probes; // solicitations sent in this state
    uint8_t waiting_count;
    bool is_static;
    bool is_wanted; // a connection waits: tell the outcome
    bool was_used;  // something was sent to it since it exists
};

struct neighbours {
    struct neighbour *block[NET_NEIGHBOURS_MAX / NEIGHBOUR_BLOCK];
    uint16_t bucket[NEIGHBOUR_BUCKETS];
    uint16_t free_head;
    uint16_t slots;      // of all blocks taken
    uint32_t used;       // not FREE
    uint32_t incomplete; // in that state
    struct list_node changes;
};

// A packet of our own between being built and being given to the device.
struct control {
    struct list_node node;
    uint32_t bytes; // from `start`
    uint16_t start; // where in octets[] it begins
    uint16_t reason;
    uint8_t iface;
    bool is_large;
    uint8_t octets[]; // CONTROL_ROOM, then the transport's
};

struct net_iface {
    struct synfin_iface_config config;
    struct list_node ready; // control packets with all their headers
    uint64_t solicit_ns;    // next router solicitation; SYNFIN_NEVER: none
    uint64_t reachable_ns;  // RFC 4861 §6.3.2 BaseReachableTime
    uint64_t retrans_ns;    // RFC 4861 §6.3.2 RetransTimer
    uint32_t mtu6_bytes;    // as routers say, at most config.mtu_bytes
    uint8_t hop_limit6;
    uint8_t solicits; // router solicitations sent
};

struct fragment_block {
    struct fragment_block *next; // sorted by offset_bytes
    uint32_t offset_bytes;       // of the payload in its datagram
    uint32_t fragment_bytes;     // first block of a fragment: its payload; else 0
    uint16_t bytes;              // payload octets in this block
    uint16_t header_bytes;       // in front of them: the first fragment's own headers
    uint8_t octets[FRAGMENT_OCTETS];
};

struct fragment_datagram {
    struct synfin_addr src, dst;
    struct fragment_block *first;
    uint64_t deadline_ns;
    uint32_t id;
    uint32_t end_bytes;  // payload length, once the last fragment came; else 0
    uint32_t held_bytes; // payload octets held
    uint16_t blocks;
    uint8_t protocol; // IPv6: the first fragment's next header
    uint8_t iface;
    uint8_t traffic_class, hop_limit;
    bool is_used, is_ip6;
    bool is_group;    // came to many: no errors about it
    bool is_poisoned; // refused as a whole; later fragments go with it
};

struct fragments {
    struct slab_pool pool; // of struct fragment_block
    struct fragment_datagram datagram[FRAGMENT_DATAGRAMS_MAX];
    struct fragment_datagram delivered; // what the last net_input gave out
    struct synfin_span span[FRAGMENT_BLOCKS_MAX];
};

// Tokens for messages that others can provoke: `credit_ns` grows with time up to a burst.
struct icmp_bucket {
    uint64_t credit_ns;
    uint64_t last_ns;
};

struct net {
    struct net_config config;
    struct wheel_entry tick;
    struct siphash_key table_key;
    struct entropy entropy;
    uint32_t epoch; // of routes and addresses
    uint16_t ifaces, addrs, routes;
    struct icmp_bucket error_bucket, echo_bucket;
    struct slab_pool control_small, control_large;
    struct list_node sent; // given out by net_output, not yet reclaimed
    struct net_iface iface[SYNFIN_IFACES_MAX];
    struct net_addr addr[NET_ADDRS_MAX];
    struct route route[NET_ROUTES_MAX];
    struct neighbours neighbours;
    struct fragments fragments;
};

// One packet on its way up, between the input functions.
struct net_rx {
    const struct synfin_packet *packet;
    const struct fragment_datagram *whole; // when it was reassembled
    uint64_t now_ns;
    uint32_t iface;
    uint32_t start;      // where in the head the IP header begins
    uint32_t ip_bytes;   // of the IP datagram, without the frame's padding
    bool is_group;       // to many, by its link or IP destination: nobody answers errors to it
    bool is_source_ours; // IPv6: while our claim to it is being proved
    bool has_extensions; // IPv6: something stood between its header and the transport's
    struct net_datagram *out;
};

#endif
