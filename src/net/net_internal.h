// SPDX-License-Identifier: MIT
//
// What the files of the network layer, and their tests, call of each other. One section per file.
#ifndef SYNFIN_NET_NET_INTERNAL_H
#define SYNFIN_NET_NET_INTERNAL_H

#include "base/deadline.h"
#include "net/control.h"
#include "net/neighbour.h"
#include "net/net_state.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_nd.h"

// net.c: moves net's wheel entry forward to `deadline_ns` if that is earlier.
void net_arm(struct net *net, uint64_t deadline_ns);
// Counts and tells a drop; gives DONE, so that input functions can return it.
enum net_verdict net_drop(struct net *net, enum synfin_reason reason, uint64_t now_ns);
// Counts what was handled here; gives DONE.
enum net_verdict net_consume(struct net *net);

// addrs.c: our addresses.
// Also makes the connected route. Errors: INVALID, LIMIT, IN_USE.
enum synfin_error addrs_add(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                            bool is_autonomous, uint64_t now_ns);
void addrs_remove(struct net *net, struct net_addr *addr);
// The address on this interface (NET_IFACE_ANY: on any) when it is ours and no duplicate.
struct net_addr *addrs_find(struct net *net, uint32_t iface, const struct synfin_addr *addr);
bool addrs_is_local(const struct net *net, const struct synfin_addr *addr);
bool addrs_is_broadcast4(const struct net *net, uint32_t ip4);
// RFC 6724 §5 as far as one interface needs it. NULL: no address of that version.
const struct net_addr *addrs_source(const struct net *net, uint32_t iface,
                                    const struct synfin_addr *dst);
// The same of those that are proved to be ours.
const struct net_addr *addrs_proved_source(const struct net *net, uint32_t iface,
                                           const struct synfin_addr *dst);
// The solicited-node group of one of our addresses on the interface, or all nodes.
bool addrs_hears_group(const struct net *net, uint32_t iface, const struct synfin_addr *group);
// Gives the interface its link-local address, RFC 4862 §5.3, unless it has one.
enum synfin_error addrs_add_link_local(struct net *net, uint32_t iface, uint64_t now_ns);
// The modified EUI-64 identifier of RFC 4291 appendix A into the last 8 octets.
void addrs_set_eui64(struct synfin_addr *addr, const uint8_t mac[WIRE_ETH_ADDR]);
// Another station claims the address.
void addrs_on_duplicate(struct net *net, struct net_addr *addr);
uint64_t addrs_advance(struct net *net, uint64_t now_ns);

// route.c
// Errors: LIMIT. An equal route (prefix, interface, gateway) gets the new lifetime.
enum synfin_error route_add(struct net *net, const struct route *route);
void route_remove(struct net *net, struct route *route);
// The equal route, or all by this gateway, if a router made them.
void route_forget(struct net *net, const struct route *route);
void route_forget_gateway(struct net *net, uint32_t iface, const struct synfin_addr *gateway);
// True when a station of this link can have the address.
bool route_is_on_link(const struct net *net, uint32_t iface, const struct synfin_addr *addr);
const struct route *route_find(const struct net *net, const struct synfin_addr *dst,
                               uint32_t iface_wanted);
uint64_t route_advance(struct net *net, uint64_t now_ns);

// net_emit.c: headers in front of `bytes` octets at `p`; return the header's length.
uint32_t net_emit_ip(const struct net *net, uint8_t *p, uint32_t bytes,
                     const struct net_header *header);
uint32_t net_emit_link(const struct net *net, uint8_t *p, uint32_t iface, const uint8_t *mac,
                       uint16_t type);

// arp.c
enum net_verdict arp_input(struct net *net, const struct net_rx *rx);
void arp_solicit(struct net *net, const struct neighbour *neighbour, uint64_t now_ns);

// ip4_input.c, ip6_input.c
enum net_verdict ip4_input(struct net *net, struct net_rx *rx);
enum net_verdict ip6_input(struct net *net, struct net_rx *rx);

// fragments.c: reassembly (RFC 815, RFC 8200 §4.5).
struct fragment {
    const struct synfin_addr *src, *dst;
    const uint8_t *header;  // the packet's headers, for quoting
    struct gather *payload; // consumed
    uint32_t header_bytes;
    uint32_t offset_bytes;
    uint32_t id;
    bool has_more, is_ip6, is_group;
    uint8_t protocol, traffic_class, hop_limit;
    uint8_t iface;
};

void fragments_init(struct net *net);
void fragments_deinit(struct net *net);
// UNKNOWN: `whole` is complete, valid until the next call of fragments_release. NET_CONSUMED:
// kept. Else why it, or with it its datagram, was refused.
enum synfin_reason fragments_add(struct net *net, const struct fragment *fragment, uint64_t now_ns,
                                 const struct fragment_datagram **whole);
// The payload of a complete datagram.
void fragments_view(struct net *net, const struct fragment_datagram *whole, struct gather *out);
void fragments_release(struct net *net);
uint64_t fragments_advance(struct net *net, uint64_t now_ns);
bool fragments_check(const struct net *net);

// icmp4.c, icmp6.c: rx->out holds the message, its checksum not yet verified.
enum net_verdict icmp4_input(struct net *net, struct net_rx *rx);
enum net_verdict icmp6_input(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip);
// Stores the checksum of the ICMPv6 message of `bytes` octets at `p`.
void icmp6_set_checksum(uint8_t *p, uint32_t bytes, const struct synfin_addr *src,
                        const struct synfin_addr *dst);

// icmp_quote.c: what an ICMP error quotes, as far as it is one of our segments.
enum net_verdict icmp_quote_input(struct net *net, struct net_rx *rx, enum net_error_kind kind,
                                  uint32_t mtu_bytes);

// icmp_error.c: errors that we send.
struct icmp_offence {
    const struct synfin_addr *src, *dst;
    struct gather quote; // the packet from its IP header on
    const uint8_t *transport;
    uint32_t transport_bytes;
    uint32_t iface;
    uint8_t protocol;
    bool is_group;         // came to many
    bool is_group_allowed; // RFC 4443 §2.4 (e.3): this error may be about a multicast
};

struct icmp_fault {
    uint8_t type, code;
    uint32_t pointer;
    enum synfin_reason reason; // why it is sent
};

void icmp_error_send(struct net *net, const struct icmp_offence *offence,
                     const struct icmp_fault *fault, uint64_t now_ns);
// The offence of a packet that net_input is looking at; rx->out is filled in.
void icmp_error_offence(const struct net_rx *rx, struct icmp_offence *offence);

// icmp_echo.c
struct control *icmp_echo_begin(struct net *net, const struct net_rx *rx, bool is_ip6);
void icmp_echo_send(struct net *net, const struct net_rx *rx, struct control *control,
                    uint8_t protocol);

// icmp_limit.c
void icmp_limit_init(struct net *net, uint64_t now_ns);
bool icmp_limit_error(struct net *net, uint64_t now_ns);
bool icmp_limit_echo(struct net *net, uint64_t now_ns);

// nd.c
enum net_verdict nd_input(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip);
// False when there is no source yet: an address of ours is still being proved.
bool nd_solicit(struct net *net, const struct neighbour *neighbour, uint64_t now_ns);
void nd_probe_duplicate(struct net *net, const struct net_addr *addr, uint64_t now_ns);

// nd_router.c
void nd_router_input(struct net *net, const struct net_rx *rx, const struct wire_nd *nd);
void nd_router_start(struct net *net, uint32_t iface, uint64_t now_ns);
uint64_t nd_router_advance(struct net *net, uint64_t now_ns);

#endif
