// SPDX-License-Identifier: MIT
//
// Neighbour discovery between hosts (RFC 4861 §7): solicitations and advertisements in and out,
// and the one probe for duplicate addresses. Messages behind extension headers or in fragments
// are refused: RFC 6980 §5 forbids the latter, and nobody sends the former.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_protocol.h"

static struct wire_eth_addr own_link(const struct net *net, uint32_t iface)
{
    struct wire_eth_addr link;
    memcpy(link.octet, net->iface[iface].config.mac, WIRE_ETH_ADDR);
    return link;
}

static void send(struct net *net, const struct wire_nd *nd, const struct net_header *to,
                 enum synfin_reason reason, uint64_t now_ns)
{
    struct net_header header = *to;
    struct control *control = control_take(net, WIRE_ND_EMITTED_MAX, reason, now_ns);
    if (control == NULL) {
        return;
    }
    uint8_t *p = control_payload(control);
    control->bytes = wire_nd_emit(p, nd);
    icmp6_set_checksum(p, control->bytes, header.src, header.dst);
    struct wire_eth_addr group;
    if (wire_addr_is_multicast(header.dst)) {
        group = wire_eth_group(header.dst);
        header.mac = group.octet;
    }
    header.protocol = WIRE_PROTOCOL_ICMP6;
    header.hop_limit = WIRE_ND_HOP_LIMIT;
    control_send(net, control, &header, now_ns);
}

// RFC 4429 §3.2: an address that may be another's is no source of a solicitation. What is to be
// sent from it waits until it is proved.
bool nd_solicit(struct net *net, const struct neighbour *neighbour, uint64_t now_ns)
{
    const struct net_addr *own = addrs_proved_source(net, neighbour->iface, &neighbour->addr);
    if (own == NULL) {
        return addrs_source(net, neighbour->iface, &neighbour->addr) == NULL;
    }
    bool is_unicast = neighbour->state == NEIGHBOUR_STATE_PROBE;
    struct synfin_addr group = wire_addr_solicited_node(&neighbour->addr);
    struct wire_nd nd = {
        .type = WIRE_ICMP6_NEIGHBOUR_SOLICIT,
        .target = neighbour->addr,
        .has_source_link = true,
        .source_link = own_link(net, neighbour->iface),
    };
    struct net_header header = {
        .src = &own->addr,
        .dst = is_unicast ? &neighbour->addr : &group,
        .mac = neighbour->mac,
        .iface = neighbour->iface,
    };
    send(net, &nd, &header, SYNFIN_REASON_NET_ND_SOLICIT, now_ns);
    return true;
}

void nd_probe_duplicate(struct net *net, const struct net_addr *addr, uint64_t now_ns)
{
    static const struct synfin_addr unspecified = {{0}};
    struct synfin_addr group = wire_addr_solicited_node(&addr->addr);
    struct wire_nd nd = {.type = WIRE_ICMP6_NEIGHBOUR_SOLICIT, .target = addr->addr};
    struct net_header header = {.src = &unspecified, .dst = &group, .iface = addr->iface};
    send(net, &nd, &header, SYNFIN_REASON_NET_ND_SOLICIT, now_ns);
}

// RFC 4861 §7.2.4. A probe for duplicates has no source to answer: all nodes hear it.
static void advertise(struct net *net, const struct net_rx *rx, const struct wire_nd *solicit,
                      const struct net_addr *own)
{
    static const struct synfin_addr all_nodes = {{0xff, 0x02, [15] = 1}};
    bool is_probe = synfin_addr_is_unspecified(&rx->out->src);
    struct wire_nd nd = {
        .type = WIRE_ICMP6_NEIGHBOUR_ADVERT,
        .target = own->addr,
        .has_target_link = true,
        .target_link = own_link(net, rx->iface),
        .is_solicited = !is_probe,
        .is_override = own->state == ADDR_STATE_PREFERRED,
    };
    struct net_header header = {
        .src = &own->addr,
        .dst = is_probe ? &all_nodes : &rx->out->src,
        .mac = solicit->has_source_link ? solicit->source_link.octet : NULL,
        .iface = (uint8_t)rx->iface,
    };
    send(net, &nd, &header, SYNFIN_REASON_NET_ND_ADVERTISE, rx->now_ns);
}

static enum net_verdict input_solicit(struct net *net, const struct net_rx *rx,
                                      const struct wire_nd *nd)
{
    const struct synfin_addr *src = &rx->out->src;
    struct net_addr *own = addrs_find(net, rx->iface, &nd->target);
    if (own == NULL) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_NOT_OURS, rx->now_ns);
    }
    bool is_probe = synfin_addr_is_unspecified(src);
    if (is_probe && own->state == ADDR_STATE_OPTIMISTIC) {
        // RFC 4862 §5.4.3: two stations want it at the same time, and neither gets it.
        addrs_on_duplicate(net, own);
        return net_consume(net);
    }
    if (!is_probe && !route_is_on_link(net, rx->iface, src)) {
        return net_drop(net, SYNFIN_REASON_DROP_ND_INVALID, rx->now_ns);
    }
    if (nd->has_source_link) {
        neighbour_on_source(net, rx->iface, src, &nd->source_link, rx->now_ns);
    }
    advertise(net, rx, nd, own);
    return net_consume(net);
}

static enum net_verdict input_advert(struct net *net, const struct net_rx *rx,
                                     const struct wire_nd *nd)
{
    if (synfin_addr_is_unspecified(&rx->out->src)) {
        return net_drop(net, SYNFIN_REASON_DROP_ND_INVALID, rx->now_ns);
    }
    struct net_addr *own = addrs_find(net, rx->iface, &nd->target);
    if (own != NULL && own->state == ADDR_STATE_OPTIMISTIC) {
        addrs_on_duplicate(net, own);
        return net_consume(net);
    }
    struct neighbour *neighbour = neighbour_find(net, rx->iface, &nd->target);
    if (own != NULL || rx->is_source_ours || neighbour == NULL) {
        return net_drop(net, SYNFIN_REASON_DROP_ND_UNSOLICITED, rx->now_ns);
    }
    struct neighbour_advert advert = {
        .link = nd->has_target_link ? &nd->target_link : NULL,
        .is_solicited = nd->is_solicited,
        .is_override = nd->is_override,
    };
    neighbour_on_advert(net, neighbour, &advert, rx->now_ns);
    if (!nd->is_router) {
        // RFC 4861 §7.2.5: what is no router any more forwards nothing.
        route_forget_gateway(net, rx->iface, &nd->target);
    }
    return net_consume(net);
}

enum net_verdict nd_input(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip)
{
    const struct net_datagram *out = rx->out;
    const struct synfin_iface_config *config = &net->iface[rx->iface].config;
    if (rx->has_extensions) {
        return net_drop(net, SYNFIN_REASON_DROP_ND_INVALID, rx->now_ns);
    }
    struct wire_nd nd;
    enum synfin_reason reason =
        wire_nd_parse(out->head, out->head_bytes, out->payload.bytes, ip, &nd);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    if (config->is_ethernet && nd.type == WIRE_ICMP6_NEIGHBOUR_SOLICIT) {
        return input_solicit(net, rx, &nd);
    }
    if (config->is_ethernet && nd.type == WIRE_ICMP6_NEIGHBOUR_ADVERT) {
        return input_advert(net, rx, &nd);
    }
    if (nd.type == WIRE_ICMP6_ROUTER_ADVERT && config->accept_router_advertisements) {
        nd_router_input(net, rx, &nd);
        return net_consume(net);
    }
    // Solicitations are for routers; without link addresses there are no neighbours to discover.
    return net_drop(net, SYNFIN_REASON_DROP_ICMP_TYPE, rx->now_ns);
}
