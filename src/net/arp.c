// SPDX-License-Identifier: MIT
//
// ARP (RFC 826) as a wire form of the neighbour machine: requests for our addresses are answered
// and make their sender known, answers complete what was asked, and everything else changes at
// most an entry that exists.
#include "base/addr_kind.h"
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_arp.h"

static void send(struct net *net, uint32_t iface, const struct wire_arp *arp, uint64_t now_ns)
{
    static const struct wire_eth_addr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    bool is_reply = arp->operation == WIRE_ARP_OPERATION_REPLY;
    enum synfin_reason reason =
        is_reply ? SYNFIN_REASON_NET_ARP_REPLY : SYNFIN_REASON_NET_ARP_REQUEST;
    struct control *control = control_take(net, WIRE_ARP_BYTES, reason, now_ns);
    if (control == NULL) {
        return;
    }
    wire_arp_emit(control_payload(control), arp);
    bool is_to_all = wire_eth_addr_is_zero(&arp->target_link);
    control_send_link(net, control, iface, is_to_all ? &all : &arp->target_link, WIRE_ETH_TYPE_ARP);
}

static struct wire_eth_addr own_link(const struct net *net, uint32_t iface)
{
    struct wire_eth_addr link;
    memcpy(link.octet, net->iface[iface].config.mac, WIRE_ETH_ADDR);
    return link;
}

void arp_solicit(struct net *net, const struct neighbour *neighbour, uint64_t now_ns)
{
    const struct net_addr *own = addrs_source(net, neighbour->iface, &neighbour->addr);
    struct wire_arp arp = {
        .operation = WIRE_ARP_OPERATION_REQUEST,
        .sender_link = own_link(net, neighbour->iface),
        // Without an address of ours it is a probe: RFC 5227 §1.1.
        .sender = own != NULL ? own->addr : synfin_addr_ipv4(0, 0, 0, 0),
        .target = neighbour->addr,
    };
    if (neighbour->state == NEIGHBOUR_STATE_PROBE) {
        memcpy(arp.target_link.octet, neighbour->mac, WIRE_ETH_ADDR);
    }
    send(net, neighbour->iface, &arp, now_ns);
}

static enum net_verdict input_request(struct net *net, const struct net_rx *rx,
                                      const struct wire_arp *arp)
{
    if (route_is_on_link(net, rx->iface, &arp->sender)) {
        neighbour_on_source(net, rx->iface, &arp->sender, &arp->sender_link, rx->now_ns);
    }
    struct wire_arp reply = {
        .operation = WIRE_ARP_OPERATION_REPLY,
        .sender_link = own_link(net, rx->iface),
        .sender = arp->target,
        .target_link = arp->sender_link,
        .target = arp->sender,
    };
    send(net, rx->iface, &reply, rx->now_ns);
    return net_consume(net);
}

// An answer, or an announcement to all: news about an entry that exists, and nothing else.
static enum net_verdict input_news(struct net *net, const struct net_rx *rx,
                                   const struct wire_arp *arp)
{
    struct neighbour *neighbour = neighbour_find(net, rx->iface, &arp->sender);
    if (neighbour == NULL) {
        return net_drop(net, SYNFIN_REASON_DROP_ARP_UNSOLICITED, rx->now_ns);
    }
    bool is_asked =
        neighbour->state == NEIGHBOUR_STATE_INCOMPLETE || neighbour->state == NEIGHBOUR_STATE_PROBE;
    struct neighbour_advert advert = {
        .link = &arp->sender_link,
        .is_solicited = is_asked && arp->operation == WIRE_ARP_OPERATION_REPLY && !rx->is_group,
        .is_override = true,
    };
    neighbour_on_advert(net, neighbour, &advert, rx->now_ns);
    return net_consume(net);
}

enum net_verdict arp_input(struct net *net, const struct net_rx *rx)
{
    struct wire_arp arp;
    enum synfin_reason reason =
        wire_arp_parse(rx->packet->head + rx->start, rx->packet->head_bytes - rx->start, &arp);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    // Another station that claims an address of ours convinces nobody here.
    if (addrs_is_local(net, &arp.sender)) {
        return net_drop(net, SYNFIN_REASON_DROP_ARP_INVALID, rx->now_ns);
    }
    bool is_for_us = addrs_find(net, rx->iface, &arp.target) != NULL;
    if (arp.operation == WIRE_ARP_OPERATION_REQUEST && is_for_us) {
        return input_request(net, rx, &arp);
    }
    bool is_announcement = addr_kind_is_equal(&arp.sender, &arp.target);
    if (arp.operation == WIRE_ARP_OPERATION_REQUEST && !is_announcement) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_NOT_OURS, rx->now_ns);
    }
    return input_news(net, rx, &arp);
}
