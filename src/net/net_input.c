// SPDX-License-Identifier: MIT
//
// Where a packet from a device enters: the Ethernet header when there is one, then the protocol.
// Frames for other stations, our own frames come back, and types that this stack does not speak
// (RARP, 802.3 lengths, VLAN tags) end here.
#include "net/net_internal.h"
#include "wire/wire_eth.h"

static enum net_verdict input_frame(struct net *net, struct net_rx *rx)
{
    const struct synfin_packet *packet = rx->packet;
    struct wire_eth eth;
    enum synfin_reason reason = wire_eth_parse(packet->head, packet->head_bytes, &eth);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    struct wire_eth_addr own;
    memcpy(own.octet, net->iface[rx->iface].config.mac, WIRE_ETH_ADDR);
    rx->is_group = wire_eth_addr_is_group(&eth.dst);
    bool is_ours = rx->is_group || wire_eth_addr_equal(&eth.dst, &own);
    if (!is_ours || wire_eth_addr_equal(&eth.src, &own) || wire_eth_addr_is_group(&eth.src)) {
        return net_drop(net, SYNFIN_REASON_DROP_LINK_NOT_FOR_US, rx->now_ns);
    }
    rx->start = WIRE_ETH_HEADER;
    switch (eth.type) {
    case WIRE_ETH_TYPE_IP4: return ip4_input(net, rx);
    case WIRE_ETH_TYPE_IP6: return ip6_input(net, rx);
    case WIRE_ETH_TYPE_ARP: return arp_input(net, rx);
    default: return net_drop(net, SYNFIN_REASON_DROP_LINK_TYPE, rx->now_ns);
    }
}

static enum net_verdict input_datagram(struct net *net, struct net_rx *rx)
{
    if (rx->packet->head_bytes == 0) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_SHORT, rx->now_ns);
    }
    switch (rx->packet->head[0] >> 4) {
    case 4: return ip4_input(net, rx);
    case 6: return ip6_input(net, rx);
    default: return net_drop(net, SYNFIN_REASON_DROP_IP_VERSION, rx->now_ns);
    }
}

enum net_verdict net_input(struct net *net, uint32_t iface, const struct synfin_packet *packet,
                           uint64_t now_ns, struct net_datagram *out)
{
    ASSERT(iface < net->ifaces);
    struct net_rx rx = {.packet = packet, .now_ns = now_ns, .iface = iface, .out = out};
    fragments_release(net);
    if (net->iface[iface].config.is_ethernet) {
        return input_frame(net, &rx);
    }
    return input_datagram(net, &rx);
}
