// SPDX-License-Identifier: MIT
//
// Small packets of our own, from being built to being sent; see control.c.
#ifndef SYNFIN_NET_CONTROL_H
#define SYNFIN_NET_CONTROL_H

#include "net/net_state.h"

void control_init(struct net *net);
void control_deinit(struct net *net);
// Room for `bytes` octets of transport at control_payload, counted DROP_OUTPUT_FULL and NULL
// when there is none.
struct control *control_take(struct net *net, uint32_t bytes, enum synfin_reason reason,
                             uint64_t now_ns);
void control_give(struct net *net, struct control *control /* takes */);
// The largest transport payload that control_take has room for on this interface.
uint32_t control_bytes_max(const struct net *net, uint32_t iface, bool is_ip6);
// Puts the IP header in front and sends: at once to header->mac, or, when that is NULL, by way
// of the neighbour, waiting for it if need be.
void control_send(struct net *net, struct control *control /* takes */,
                  const struct net_header *header, uint64_t now_ns);
// The same for what has no IP header: `type` is the Ethernet type.
void control_send_link(struct net *net, struct control *control /* takes */, uint32_t iface,
                       const struct wire_eth_addr *dst, uint16_t type);
// The neighbour is resolved: what waited becomes ready; or it is not: all of it is dropped.
void control_release(struct net *net, struct neighbour *neighbour);
void control_fail(struct net *net, struct neighbour *neighbour, uint64_t now_ns);
bool control_check(const struct net *net);

static inline uint8_t *control_payload(struct control *control)
{
    return control->octets + CONTROL_ROOM;
}

#endif
