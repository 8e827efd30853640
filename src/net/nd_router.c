// SPDX-License-Identifier: MIT
//
// What a host learns from routers (RFC 4861 §6.3, RFC 4862 §5.5): the default route, prefixes on
// the link, addresses of its own by EUI-64, the link's MTU and hop limit, and the pace of
// neighbour discovery. Everything learnt ends with its lifetime, and there is a limit to each kind.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_protocol.h"

#define SOLICIT_INTERVAL_NS (4 * NS_PER_S) // RFC 4861 §10 RTR_SOLICITATION_INTERVAL
#define REACHABLE_MS_MAX    3600000        // RFC 4861 §6.2.1
#define RETRANS_MS_MIN      1000           // never more than one solicitation per second
#define RETRANS_MS_MAX      10000          // a router must not keep us from ever giving up
#define TWO_HOURS_NS        (7200 * NS_PER_S)

enum {
    SOLICITS_MAX = 3, // RFC 4861 §10 MAX_RTR_SOLICITATIONS
    AUTONOMOUS_BITS = 64,
    MTU_MIN = 1280,
    LIFETIME_INFINITE = -1,
};

static uint64_t deadline_of(uint32_t lifetime_s, uint64_t now_ns)
{
    return lifetime_s == (uint32_t)LIFETIME_INFINITE
               ? SYNFIN_NEVER
               : deadline_after(now_ns, lifetime_s * NS_PER_S);
}

static void learn_route(struct net *net, struct route *route, uint32_t lifetime_s, uint64_t now_ns)
{
    route->origin = ROUTE_ORIGIN_ROUTER;
    route->valid_ns = deadline_of(lifetime_s, now_ns);
    if (lifetime_s == 0) {
        route_forget(net, route);
        return;
    }
    // Beyond the limit it is simply not learnt: RFC 4861 §6.3.4 wants at least two routers.
    enum synfin_error error = route_add(net, route);
    (void)error;
}

static void learn_router(struct net *net, const struct net_rx *rx, const struct wire_nd *nd)
{
    struct route route = {
        .prefix = {.bits = 0},
        .gateway = rx->out->src,
        .iface = (uint8_t)rx->iface,
        .has_gateway = true,
    };
    if (nd->has_source_link && net->iface[rx->iface].config.is_ethernet) {
        neighbour_on_source(net, rx->iface, &rx->out->src, &nd->source_link, rx->now_ns);
    }
    learn_route(net, &route, nd->router_lifetime_s, rx->now_ns);
}

static void learn_parameters(struct net *net, uint32_t number, const struct wire_nd *nd)
{
    struct net_iface *iface = &net->iface[number];
    if (nd->hop_limit != 0) {
        iface->hop_limit6 = nd->hop_limit;
    }
    if (nd->reachable_ms != 0 && nd->reachable_ms <= REACHABLE_MS_MAX) {
        iface->reachable_ns = nd->reachable_ms * NS_PER_MS;
    }
    if (nd->retrans_ms >= RETRANS_MS_MIN && nd->retrans_ms <= RETRANS_MS_MAX) {
        iface->retrans_ns = nd->retrans_ms * NS_PER_MS;
    }
    if (nd->mtu >= MTU_MIN && nd->mtu <= iface->config.mtu_bytes && nd->mtu != iface->mtu6_bytes) {
        iface->mtu6_bytes = nd->mtu;
        net->epoch++;
    }
}

static struct net_addr *find_autonomous(struct net *net, uint32_t iface,
                                        const struct synfin_prefix *prefix)
{
    for (uint32_t i = 0; i < net->addrs; i++) {
        struct net_addr *addr = &net->addr[i];
        if (addr->is_autonomous && addr->iface == iface
            && synfin_prefix_contains(prefix, &addr->addr)) {
            return addr;
        }
    }
    return NULL;
}

// RFC 4862 §5.5.3 (e): a forged advertisement cannot end an address in less than two hours.
static uint64_t choose_valid(const struct net_addr *addr, uint64_t told_ns, uint64_t now_ns)
{
    uint64_t floor_ns = deadline_after(now_ns, TWO_HOURS_NS);
    if (told_ns > floor_ns || told_ns > addr->valid_ns) {
        return told_ns;
    }
    return addr->valid_ns <= floor_ns ? addr->valid_ns : floor_ns;
}

static void learn_addr(struct net *net, const struct net_rx *rx,
                       const struct wire_nd_prefix *option)
{
    uint64_t valid_ns = deadline_of(option->valid_s, rx->now_ns);
    struct net_addr *addr = find_autonomous(net, rx->iface, &option->prefix);
    if (addr != NULL) {
        valid_ns = choose_valid(addr, valid_ns, rx->now_ns);
    } else if (option->valid_s != 0) {
        struct synfin_prefix prefix = option->prefix;
        addrs_set_eui64(&prefix.addr, net->iface[rx->iface].config.mac);
        if (addrs_add(net, rx->iface, &prefix, true, rx->now_ns) == SYNFIN_ERROR_OK) {
            addr = &net->addr[net->addrs - 1];
        }
    }
    if (addr != NULL) {
        addr->valid_ns = valid_ns;
        addr->preferred_ns =
            option->preferred_s == 0 ? 0 : deadline_of(option->preferred_s, rx->now_ns);
        net_arm(net, deadline_min(valid_ns, deadline_max(addr->preferred_ns, rx->now_ns)));
    }
}

static void learn_prefix(struct net *net, const struct net_rx *rx,
                         const struct wire_nd_prefix *option)
{
    const struct synfin_addr *addr = &option->prefix.addr;
    // RFC 4861 §6.3.4 and RFC 4862 §5.5.3: the link-local prefix is nobody's to announce. The
    // form ::ffff:0:0/96 never gets here, and a prefix that covers it means only IPv6.
    if (wire_addr_is_link_local(addr) || wire_addr_is_multicast(addr)) {
        return;
    }
    if (option->is_on_link) {
        struct route route = {.prefix = option->prefix, .iface = (uint8_t)rx->iface};
        learn_route(net, &route, option->valid_s, rx->now_ns);
    }
    bool is_ethernet = net->iface[rx->iface].config.is_ethernet;
    if (option->is_autonomous && is_ethernet && option->prefix.bits == AUTONOMOUS_BITS
        && option->preferred_s <= option->valid_s) {
        learn_addr(net, rx, option);
    }
}

void nd_router_input(struct net *net, const struct net_rx *rx, const struct wire_nd *nd)
{
    net->iface[rx->iface].solicit_ns = SYNFIN_NEVER;
    learn_parameters(net, rx->iface, nd);
    learn_router(net, rx, nd);
    for (uint32_t i = 0; i < nd->prefixes; i++) {
        learn_prefix(net, rx, &nd->prefix[i]);
    }
}

void nd_router_start(struct net *net, uint32_t iface, uint64_t now_ns)
{
    // RFC 4861 §6.3.7 MAX_RTR_SOLICITATION_DELAY: after a power failure not all ask at once.
    uint64_t wait_ns = entropy_below(&net->entropy, (uint32_t)(NS_PER_S / NS_PER_US)) * NS_PER_US;
    net->iface[iface].solicit_ns = deadline_after(now_ns, wait_ns);
    net_arm(net, net->iface[iface].solicit_ns);
}

static void send_solicit(struct net *net, uint32_t iface, uint64_t now_ns)
{
    static const struct synfin_addr all_routers = {{0xff, 0x02, [15] = 2}}; // RFC 4291 §2.7.1
    static const struct synfin_addr unspecified = {{0}};
    const struct net_addr *own = addrs_source(net, iface, &all_routers);
    bool is_proved = own != NULL && own->state == ADDR_STATE_PREFERRED;
    struct wire_nd nd = {.type = WIRE_ICMP6_ROUTER_SOLICIT, .has_source_link = is_proved};
    memcpy(nd.source_link.octet, net->iface[iface].config.mac, WIRE_ETH_ADDR);
    struct control *control =
        control_take(net, WIRE_ND_EMITTED_MAX, SYNFIN_REASON_NET_ND_ROUTER_SOLICIT, now_ns);
    if (control == NULL) {
        return;
    }
    struct wire_eth_addr group = wire_eth_group(&all_routers);
    struct net_header header = {
        .src = is_proved ? &own->addr : &unspecified,
        .dst = &all_routers,
        .mac = group.octet,
        .iface = (uint8_t)iface,
        .protocol = WIRE_PROTOCOL_ICMP6,
        .hop_limit = WIRE_ND_HOP_LIMIT,
    };
    uint8_t *p = control_payload(control);
    control->bytes = wire_nd_emit(p, &nd);
    icmp6_set_checksum(p, control->bytes, header.src, header.dst);
    control_send(net, control, &header, now_ns);
}

uint64_t nd_router_advance(struct net *net, uint64_t now_ns)
{
    uint64_t next_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < net->ifaces; i++) {
        struct net_iface *iface = &net->iface[i];
        if (deadline_is_due(iface->solicit_ns, now_ns)) {
            send_solicit(net, i, now_ns);
            iface->solicits++;
            iface->solicit_ns = iface->solicits < SOLICITS_MAX
                                    ? deadline_after(now_ns, SOLICIT_INTERVAL_NS)
                                    : SYNFIN_NEVER;
        }
        next_ns = deadline_min(next_ns, iface->solicit_ns);
    }
    return next_ns;
}
