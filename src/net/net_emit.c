// SPDX-License-Identifier: MIT
//
// Headers in front of a transport header: IPv4 or IPv6 by the destination's version, then
// Ethernet. Straight lines, for this runs for every segment sent.
#include <string.h>

#include "net/net_internal.h"
#include "wire/wire_addr.h"

static uint32_t emit_ip4(const struct net *net, uint8_t *p, uint32_t bytes,
                         const struct net_header *header)
{
    struct wire_ip4 ip = {
        .src = *header->src,
        .dst = *header->dst,
        .total_bytes = bytes + WIRE_IP4_HEADER,
        .has_dont_fragment = true,
        .protocol = header->protocol,
        .ttl = header->hop_limit != 0 ? header->hop_limit : net->config.hop_limit,
        .traffic_class = header->traffic_class,
    };
    wire_ip4_emit(p - WIRE_IP4_HEADER, &ip);
    return WIRE_IP4_HEADER;
}

uint32_t net_emit_ip(const struct net *net, uint8_t *p, uint32_t bytes,
                     const struct net_header *header)
{
    if (wire_addr_is_mapped(header->dst)) {
        return emit_ip4(net, p, bytes, header);
    }
    uint8_t hop_limit_default = net->iface[header->iface].hop_limit6;
    struct wire_ip6 ip = {
        .src = *header->src,
        .dst = *header->dst,
        .payload_bytes = bytes,
        .flow_label = header->flow_label,
        .traffic_class = header->traffic_class,
        .next_header = header->protocol,
        .hop_limit = header->hop_limit != 0 ? header->hop_limit : hop_limit_default,
    };
    wire_ip6_emit(p - WIRE_IP6_HEADER, &ip);
    return WIRE_IP6_HEADER;
}

uint32_t net_emit_link(const struct net *net, uint8_t *p, uint32_t iface, const uint8_t *mac,
                       uint16_t type)
{
    struct wire_eth eth = {.type = type};
    memcpy(eth.dst.octet, mac, WIRE_ETH_ADDR);
    memcpy(eth.src.octet, net->iface[iface].config.mac, WIRE_ETH_ADDR);
    wire_eth_emit(p - WIRE_ETH_HEADER, &eth);
    return WIRE_ETH_HEADER;
}

void net_emit(const struct net *net, struct synfin_packet *packet, const struct net_header *header)
{
    uint32_t added = net_emit_ip(net, packet->head, packet->bytes, header);
    if (net->iface[header->iface].config.is_ethernet) {
        uint16_t type = wire_addr_is_mapped(header->dst) ? WIRE_ETH_TYPE_IP4 : WIRE_ETH_TYPE_IP6;
        added += net_emit_link(net, packet->head - added, header->iface, header->mac, type);
    }
    packet->head -= added;
    packet->head_bytes += added;
    packet->bytes += added;
    packet->checksum_start = (uint16_t)(packet->checksum_start + added);
}
