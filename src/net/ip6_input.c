// SPDX-License-Identifier: MIT
//
// IPv6 in: header, addresses, the walk along the extension headers, fragments, and on to the
// transport. A reassembled datagram is walked once more, and a fragment in it ends it: there is
// no recursion. Groups are heard for neighbour discovery only; membership is not reported (MLD,
// RFC 3810), which a link of hosts does not need and a snooping switch may.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_protocol.h"

// A station that has the address which we are claiming answers from it: RFC 4862 §5.4.4. Only its
// neighbour advertisement goes on.
static bool is_martian_source(struct net *net, struct net_rx *rx, const struct synfin_addr *src)
{
    const struct net_addr *own = addrs_find(net, NET_IFACE_ANY, src);
    rx->is_source_ours =
        own != NULL && own->state == ADDR_STATE_OPTIMISTIC && own->iface == rx->iface;
    return (own != NULL && !rx->is_source_ours) || wire_addr_is_mapped(src)
           || wire_addr_is_multicast(src) || wire_addr_is_loopback(src);
}

// UNKNOWN when the packet is from somebody else, and for us or for a group that we hear. The
// unspecified source passes here: only neighbour discovery may have it, and checks.
static enum synfin_reason check_addrs(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip)
{
    if (is_martian_source(net, rx, &ip->src)) {
        return SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE;
    }
    bool is_frame_to_many = rx->is_group;
    if (wire_addr_is_multicast(&ip->dst)) {
        rx->is_group = true;
        return addrs_hears_group(net, rx->iface, &ip->dst)
                   ? SYNFIN_REASON_UNKNOWN
                   : SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION;
    }
    if (wire_addr_is_mapped(&ip->dst) || wire_addr_is_loopback(&ip->dst)
        || synfin_addr_is_unspecified(&ip->dst)) {
        return SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION;
    }
    if (addrs_find(net, rx->iface, &ip->dst) == NULL) {
        return SYNFIN_REASON_DROP_IP_NOT_OURS;
    }
    return is_frame_to_many ? SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION : SYNFIN_REASON_UNKNOWN;
}

static void send_error(struct net *net, const struct net_rx *rx, const struct icmp_fault *fault,
                       bool is_group_allowed)
{
    struct icmp_offence offence;
    icmp_error_offence(rx, &offence);
    offence.is_group_allowed = is_group_allowed;
    icmp_error_send(net, &offence, fault, rx->now_ns);
}

// A refused packet's walk ended early: looks on, without judging, for what nobody may answer with
// an error. That is another error (RFC 4443 §2.4 (e.1)), and a fragment other than the first.
// DEVIATES RFC 8200 §4.5: no Parameter Problem about a later fragment either, because its quote
// names no connection.
static bool is_unanswerable(const struct net_datagram *out, uint8_t next)
{
    const uint8_t *p = out->head;
    uint32_t at = WIRE_IP6_HEADER;
    for (uint32_t i = 0; i <= WIRE_IP6_CHAIN_HEADERS_MAX; i++) {
        if (at + 8 > out->head_bytes) {
            return false;
        }
        switch (next) {
        case WIRE_PROTOCOL_ICMP6: return wire_icmp6_is_error(p[at]);
        case WIRE_PROTOCOL_FRAGMENT:
            if (bytes_load16(p + at + 2) >> 3 != 0) {
                return true;
            }
            break;
        case WIRE_PROTOCOL_HOP_BY_HOP:
        case WIRE_PROTOCOL_DESTINATION:
        case WIRE_PROTOCOL_ROUTING: break;
        default: return false;
        }
        uint32_t length = next == WIRE_PROTOCOL_FRAGMENT ? 8 : 8 + 8 * (uint32_t)p[at + 1];
        next = p[at];
        at += length;
    }
    return false;
}

static void send_problem(struct net *net, const struct net_rx *rx, const struct wire_ip6 *ip,
                         const struct wire_ip6_problem *problem)
{
    if (!problem->is_wanted || is_unanswerable(rx->out, ip->next_header)) {
        return;
    }
    struct icmp_fault fault = {.type = WIRE_ICMP6_PARAMETER_PROBLEM,
                               .code = problem->code,
                               .pointer = problem->pointer,
                               .reason = SYNFIN_REASON_NET_ICMP_PARAMETER};
    send_error(net, rx, &fault, problem->is_for_multicast);
}

// RFC 4443 §3.4: the pointer names the next-header field that says what is not spoken here. In a
// reassembled datagram it may have been in a fragment's header, which the quote still shows.
static enum net_verdict refuse_transport(struct net *net, const struct net_rx *rx,
                                         uint32_t named_at)
{
    uint8_t protocol = rx->out->protocol;
    if (protocol == WIRE_PROTOCOL_UDP) {
        struct icmp_fault fault = {.type = WIRE_ICMP6_UNREACHABLE,
                                   .code = WIRE_ICMP6_CODE_PORT,
                                   .reason = SYNFIN_REASON_NET_ICMP_PORT};
        send_error(net, rx, &fault, false);
    } else if (protocol != WIRE_PROTOCOL_NONE) {
        struct icmp_fault fault = {.type = WIRE_ICMP6_PARAMETER_PROBLEM,
                                   .code = WIRE_ICMP6_CODE_NEXT_HEADER,
                                   .pointer = named_at,
                                   .reason = SYNFIN_REASON_NET_ICMP_PROTOCOL};
        send_error(net, rx, &fault, false);
    }
    return net_drop(net, SYNFIN_REASON_DROP_IP_PROTOCOL, rx->now_ns);
}

static enum net_verdict deliver(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip,
                                uint32_t named_at)
{
    if (rx->out->protocol == WIRE_PROTOCOL_ICMP6) {
        return icmp6_input(net, rx, ip);
    }
    if (rx->is_group) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION, rx->now_ns);
    }
    if (rx->is_source_ours || synfin_addr_is_unspecified(&ip->src)) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE, rx->now_ns);
    }
    if (rx->out->protocol == WIRE_PROTOCOL_TCP) {
        return NET_VERDICT_TRANSPORT;
    }
    return refuse_transport(net, rx, named_at);
}

static void view_payload(struct net_datagram *out, uint32_t start)
{
    gather_trim_left(&out->payload, start);
    out->head = out->payload.first.data;
    out->head_bytes = out->payload.first.bytes < out->payload.bytes ? out->payload.first.bytes
                                                                    : out->payload.bytes;
}

static enum net_verdict input_whole(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip)
{
    const struct fragment_datagram *whole = rx->whole;
    struct net_datagram *out = rx->out;
    fragments_view(net, whole, &out->payload);
    view_payload(out, 0);
    struct wire_ip6_chain chain;
    enum synfin_reason reason =
        wire_ip6_walk_payload(out->head, out->head_bytes, whole->protocol, &chain);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    view_payload(out, chain.transport_start);
    out->protocol = chain.protocol;
    out->traffic_class = whole->traffic_class;
    out->hop_limit = whole->hop_limit;
    out->is_checksum_verified = false;
    // The first fragment's headers stand in front of the payload in its block.
    uint32_t headers = whole->first->header_bytes;
    uint32_t named_at = chain.named_at == UINT32_MAX ? headers - WIRE_IP6_FRAGMENT_HEADER
                                                     : headers + chain.named_at;
    return deliver(net, rx, ip, named_at);
}

static enum net_verdict input_fragment(struct net *net, struct net_rx *rx,
                                       const struct wire_ip6 *ip,
                                       const struct wire_ip6_chain *chain)
{
    struct net_datagram *out = rx->out;
    uint32_t payload_start = chain->fragment_start + WIRE_IP6_FRAGMENT_HEADER;
    gather_trim_left(&out->payload, payload_start);
    struct fragment fragment = {
        .src = &ip->src,
        .dst = &ip->dst,
        .header = rx->packet->head + rx->start,
        .payload = &out->payload,
        .header_bytes = payload_start,
        .offset_bytes = chain->fragment.offset_bytes,
        .id = chain->fragment.id,
        .has_more = chain->fragment.has_more,
        .is_ip6 = true,
        .is_group = rx->is_group,
        .protocol = chain->fragment.next_header,
        .traffic_class = ip->traffic_class,
        .hop_limit = ip->hop_limit,
        .iface = (uint8_t)rx->iface,
    };
    rx->has_extensions = true;
    enum synfin_reason reason = fragments_add(net, &fragment, rx->now_ns, &rx->whole);
    if (reason == SYNFIN_REASON_NET_CONSUMED) {
        return net_consume(net);
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    return input_whole(net, rx, ip);
}

enum net_verdict ip6_input(struct net *net, struct net_rx *rx)
{
    const struct synfin_packet *packet = rx->packet;
    struct net_datagram *out = rx->out;
    const uint8_t *p = packet->head + rx->start;
    uint32_t head_bytes = packet->head_bytes - rx->start;
    struct wire_ip6 ip;
    enum synfin_reason reason = wire_ip6_parse(p, head_bytes, packet->bytes - rx->start, &ip);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        reason = check_addrs(net, rx, &ip);
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    rx->ip_bytes = WIRE_IP6_HEADER + ip.payload_bytes;
    gather_of_packet(&out->payload, packet, rx->start);
    gather_trim_right(&out->payload, packet->bytes - rx->start - rx->ip_bytes);
    out->src = ip.src;
    out->dst = ip.dst;
    out->iface = (uint8_t)rx->iface;
    out->traffic_class = ip.traffic_class;
    out->hop_limit = ip.hop_limit;
    out->is_checksum_verified = packet->checksum != SYNFIN_CHECKSUM_COMPLETE;
    view_payload(out, 0);
    struct wire_ip6_chain chain;
    reason = wire_ip6_walk(p, out->head_bytes, &ip, &chain);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        out->protocol = WIRE_PROTOCOL_NONE;
        send_problem(net, rx, &ip, &chain.problem);
        return net_drop(net, reason, rx->now_ns);
    }
    if (chain.is_fragment) {
        return input_fragment(net, rx, &ip, &chain);
    }
    out->protocol = chain.protocol;
    rx->has_extensions = chain.transport_start != WIRE_IP6_HEADER;
    view_payload(out, chain.transport_start);
    return deliver(net, rx, &ip, chain.named_at);
}
