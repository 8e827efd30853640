// SPDX-License-Identifier: MIT
//
// IPv4 in: header, addresses, fragments, and on to the transport. The common packet (a segment
// of TCP, whole, for one of our addresses) goes straight through ip4_input; what leaves that line
// has a function of its own. This stack is a host: it never forwards, and IP inside IP is an
// unknown transport.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_protocol.h"

enum { TCP_HEADER_MIN = 20, TCP = WIRE_PROTOCOL_TCP };

// RFC 1122 §3.2.1.3: what nobody can be, told from the address alone.
static bool is_martian(uint32_t ip4)
{
    uint32_t top = ip4 >> 24;
    return top == 0 || top == 127 || top >= 224;
}

// UNKNOWN when the packet is from somebody else and for us alone.
static enum synfin_reason check_addrs(const struct net *net, const struct net_rx *rx,
                                      const struct wire_ip4 *ip)
{
    uint32_t src = bytes_load32(ip->src.octet + 12);
    uint32_t dst = bytes_load32(ip->dst.octet + 12);
    if (is_martian(src)) {
        return SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE;
    }
    // From here on neither is 0, which is what IPv6 addresses have for ip4.
    if (is_martian(dst)) {
        return SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION;
    }
    bool is_ours = false;
    bool is_broadcast = false;
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        // Our own address from outside is as forged as loopback.
        if (own->ip4 == src || own->broadcast4 == src) {
            return SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE;
        }
        is_ours |= own->ip4 == dst && own->iface == rx->iface;
        is_broadcast |= own->broadcast4 == dst;
    }
    // RFC 1122 §3.3.6: a frame to many with a datagram to one is a mistake or an attack.
    if (is_ours && !rx->is_group) {
        return SYNFIN_REASON_UNKNOWN;
    }
    return is_ours || is_broadcast ? SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION
                                   : SYNFIN_REASON_DROP_IP_NOT_OURS;
}

static void refuse_transport(struct net *net, const struct net_rx *rx, uint8_t code,
                             enum synfin_reason reason)
{
    struct icmp_offence offence;
    icmp_error_offence(rx, &offence);
    struct icmp_fault fault = {.type = WIRE_ICMP4_UNREACHABLE, .code = code, .reason = reason};
    icmp_error_send(net, &offence, &fault, rx->now_ns);
    net_drop(net, SYNFIN_REASON_DROP_IP_PROTOCOL, rx->now_ns);
}

static enum net_verdict deliver(struct net *net, struct net_rx *rx)
{
    switch (rx->out->protocol) {
    case WIRE_PROTOCOL_TCP: return NET_VERDICT_TRANSPORT;
    case WIRE_PROTOCOL_ICMP4: return icmp4_input(net, rx);
    case WIRE_PROTOCOL_UDP:
        refuse_transport(net, rx, WIRE_ICMP4_CODE_PORT, SYNFIN_REASON_NET_ICMP_PORT);
        return NET_VERDICT_DONE;
    default:
        refuse_transport(net, rx, WIRE_ICMP4_CODE_PROTOCOL, SYNFIN_REASON_NET_ICMP_PROTOCOL);
        return NET_VERDICT_DONE;
    }
}

// RFC 1858 §3: a TCP header cut in two is an attack on filters, and so is a second fragment that
// begins inside the header.
static bool is_tiny(const struct wire_ip4 *ip, uint32_t payload_bytes)
{
    bool is_first = ip->fragment_bytes == 0;
    return ip->protocol == TCP
           && (is_first ? payload_bytes < TCP_HEADER_MIN : ip->fragment_bytes < TCP_HEADER_MIN);
}

static enum net_verdict input_fragment(struct net *net, struct net_rx *rx,
                                       const struct wire_ip4 *ip)
{
    struct net_datagram *out = rx->out;
    if (is_tiny(ip, out->payload.bytes)) {
        return net_drop(net, SYNFIN_REASON_DROP_FRAGMENT_TINY, rx->now_ns);
    }
    struct fragment fragment = {
        .src = &ip->src,
        .dst = &ip->dst,
        .header = rx->packet->head + rx->start,
        .payload = &out->payload,
        .header_bytes = ip->header_bytes,
        .offset_bytes = ip->fragment_bytes,
        .id = ip->id,
        .has_more = ip->has_more_fragments,
        .protocol = ip->protocol,
        .traffic_class = ip->traffic_class,
        .hop_limit = ip->ttl,
        .iface = (uint8_t)rx->iface,
    };
    enum synfin_reason reason = fragments_add(net, &fragment, rx->now_ns, &rx->whole);
    if (reason == SYNFIN_REASON_NET_CONSUMED) {
        return net_consume(net);
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    fragments_view(net, rx->whole, &out->payload);
    out->head = out->payload.first.data;
    out->head_bytes = out->payload.first.bytes;
    out->traffic_class = rx->whole->traffic_class;
    out->hop_limit = rx->whole->hop_limit;
    out->is_checksum_verified = false;
    return deliver(net, rx);
}

enum net_verdict ip4_input(struct net *net, struct net_rx *rx)
{
    const struct synfin_packet *packet = rx->packet;
    struct net_datagram *out = rx->out;
    struct wire_ip4 ip;
    enum synfin_reason reason = wire_ip4_parse(
        packet->head + rx->start, packet->head_bytes - rx->start, packet->bytes - rx->start, &ip);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        reason = check_addrs(net, rx, &ip);
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    gather_of_packet(&out->payload, packet, rx->start + ip.header_bytes);
    gather_trim_right(&out->payload, packet->bytes - rx->start - ip.total_bytes);
    rx->ip_bytes = ip.total_bytes;
    out->src = ip.src;
    out->dst = ip.dst;
    out->head = out->payload.first.data;
    out->head_bytes = out->payload.first.bytes < out->payload.bytes ? out->payload.first.bytes
                                                                    : out->payload.bytes;
    out->iface = (uint8_t)rx->iface;
    out->protocol = ip.protocol;
    out->traffic_class = ip.traffic_class;
    out->hop_limit = ip.ttl;
    out->is_checksum_verified = packet->checksum != SYNFIN_CHECKSUM_COMPLETE;
    if (wire_ip4_is_fragment(&ip)) {
        return input_fragment(net, rx, &ip);
    }
    return deliver(net, rx);
}
