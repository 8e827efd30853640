// SPDX-License-Identifier: MIT
//
// The neighbour table: who on the link has which link address. See neighbour.c for the states and
// for what keeps strangers from filling it.
#ifndef SYNFIN_NET_NEIGHBOUR_H
#define SYNFIN_NET_NEIGHBOUR_H

#include "net/net_state.h"

void neighbour_init(struct net *net);
void neighbour_deinit(struct net *net);
struct neighbour *neighbour_find(const struct net *net, uint32_t iface,
                                 const struct synfin_addr *addr);
// The entry, made INCOMPLETE and asked for when there is none; NULL when the table is full.
struct neighbour *neighbour_want(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                                 uint64_t now_ns);
// About to send to it: READY, or PENDING while it is INCOMPLETE.
enum net_resolution neighbour_use(struct net *net, struct neighbour *neighbour, uint64_t now_ns);
void neighbour_confirm(struct net *net, struct neighbour *neighbour, uint64_t now_ns);
// It told its own link address while asking us something (RFC 4861 §7.2.3).
void neighbour_on_source(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                         const struct wire_eth_addr *link, uint64_t now_ns);

struct neighbour_advert {
    const struct wire_eth_addr *link; // NULL: not told
    bool is_solicited, is_override;
};

// It answered, or told unasked (RFC 4861 §7.2.5).
void neighbour_on_advert(struct net *net, struct neighbour *neighbour,
                         const struct neighbour_advert *advert, uint64_t now_ns);
enum synfin_error neighbour_add_static(struct net *net, uint32_t iface,
                                       const struct synfin_addr *addr, const uint8_t mac[6]);
bool neighbour_next_change(struct net *net, struct net_change *change);
// One of the interface's IPv6 addresses was proved: asks for those that nobody could ask for yet.
void neighbour_solicit_waiting(struct net *net, uint32_t iface, uint64_t now_ns);
uint64_t neighbour_advance(struct net *net, uint64_t now_ns);
bool neighbour_check(const struct net *net);

static inline struct neighbour *neighbour_at(const struct net *net, uint32_t number)
{
    return &net->neighbours.block[number / NEIGHBOUR_BLOCK][number % NEIGHBOUR_BLOCK];
}

#endif
