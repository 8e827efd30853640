// SPDX-License-Identifier: MIT
//
// The network layer's life: creation, configuration, its one timer, and the answers to the
// stack's questions about addresses and routes.
#include "net/net.h"

#include "base/addr_kind.h"

#include <string.h>

#include "net/net_internal.h"
#include "wire/wire_addr.h"

// RFC 4861 §10: REACHABLE_TIME 30 s, RETRANS_TIMER 1 s.
#define REACHABLE_NS_DEFAULT (30 * NS_PER_S)
#define RETRANS_NS_DEFAULT   NS_PER_S

enum { MTU_MIN = 576, MTU_IP6_MIN = 1280 }; // RFC 1122 §3.3.3, RFC 8200 §5

struct net *net_create(const struct net_config *config, uint64_t now_ns)
{
    struct net *net = slab_source_take(config->source, sizeof(*net));
    if (net == NULL) {
        return NULL;
    }
    net->config = *config;
    net->epoch = 1;
    entropy_init(&net->entropy, &config->key);
    net->table_key.k0 = entropy_next(&net->entropy);
    net->table_key.k1 = entropy_next(&net->entropy);
    wheel_entry_init(&net->tick);
    icmp_limit_init(net, now_ns);
    neighbour_init(net);
    control_init(net);
    fragments_init(net);
    return net;
}

void net_destroy(struct net *net)
{
    wheel_cancel(net->config.wheel, &net->tick);
    fragments_deinit(net);
    control_deinit(net);
    neighbour_deinit(net);
    slab_source_give(net->config.source, net, sizeof(*net));
}

static bool config_is_valid(const struct synfin_iface_config *config)
{
    bool is_mtu_valid = config->mtu_bytes >= MTU_MIN && config->mtu_bytes <= SYNFIN_PACKET_MAX;
    struct wire_eth_addr mac;
    memcpy(mac.octet, config->mac, sizeof(mac.octet));
    bool is_mac_valid = !wire_eth_addr_is_group(&mac) && !wire_eth_addr_is_zero(&mac);
    return is_mtu_valid && (is_mac_valid || !config->is_ethernet);
}

enum synfin_error net_add_iface(struct net *net, const struct synfin_iface_config *config,
                                uint64_t now_ns, uint32_t *iface)
{
    if (!config_is_valid(config)) {
        return SYNFIN_ERROR_INVALID;
    }
    if (net->ifaces == SYNFIN_IFACES_MAX) {
        return SYNFIN_ERROR_LIMIT;
    }
    uint32_t number = net->ifaces++;
    struct net_iface *added = &net->iface[number];
    added->config = *config;
    added->mtu6_bytes = config->mtu_bytes;
    added->hop_limit6 = net->config.hop_limit;
    added->reachable_ns = REACHABLE_NS_DEFAULT;
    added->retrans_ns = RETRANS_NS_DEFAULT;
    added->solicit_ns = SYNFIN_NEVER;
    list_init(&added->ready);
    net->epoch++;
    *iface = number;
    if (config->is_ethernet && config->accept_router_advertisements
        && config->mtu_bytes >= MTU_IP6_MIN) {
        enum synfin_error error = addrs_add_link_local(net, number, now_ns);
        if (error != SYNFIN_ERROR_OK) {
            net->ifaces--;
            return error;
        }
        nd_router_start(net, number, now_ns);
    }
    return SYNFIN_ERROR_OK;
}

enum synfin_error net_add_addr(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                               uint64_t now_ns)
{
    if (iface >= net->ifaces) {
        return SYNFIN_ERROR_INVALID;
    }
    const struct synfin_iface_config *config = &net->iface[iface].config;
    bool is_ip6 = !addr_kind_is_ipv4(&prefix->addr);
    if (is_ip6 && config->mtu_bytes < MTU_IP6_MIN) {
        return SYNFIN_ERROR_INVALID;
    }
    enum synfin_error error = addrs_add(net, iface, prefix, false, now_ns);
    if (error == SYNFIN_ERROR_OK && is_ip6 && config->is_ethernet) {
        error = addrs_add_link_local(net, iface, now_ns);
    }
    return error;
}

enum synfin_error net_add_route(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                                const struct synfin_addr *gateway)
{
    bool is_ip4 = addr_kind_is_ipv4(&prefix->addr);
    bool has_gateway = !synfin_addr_is_unspecified(gateway);
    if (iface >= net->ifaces || prefix->bits > (is_ip4 ? 32 : 128)
        || (has_gateway && addr_kind_is_ipv4(gateway) != is_ip4)) {
        return SYNFIN_ERROR_INVALID;
    }
    if (has_gateway && (net_is_no_peer(net, gateway) || net_is_local(net, gateway))) {
        return SYNFIN_ERROR_INVALID;
    }
    struct route route = {.prefix = *prefix,
                          .gateway = *gateway,
                          .valid_ns = SYNFIN_NEVER,
                          .iface = (uint8_t)iface,
                          .origin = ROUTE_ORIGIN_USER,
                          .has_gateway = has_gateway};
    return route_add(net, &route);
}

enum synfin_error net_add_neighbour(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                                    const uint8_t mac[6])
{
    if (iface >= net->ifaces || !net->iface[iface].config.is_ethernet || (mac[0] & 1) != 0
        || net_is_no_peer(net, addr)) {
        return SYNFIN_ERROR_INVALID;
    }
    return neighbour_add_static(net, iface, addr, mac);
}

uint32_t net_ifaces(const struct net *net)
{
    return net->ifaces;
}

const struct synfin_iface_config *net_iface_config(const struct net *net, uint32_t iface)
{
    return iface < net->ifaces ? &net->iface[iface].config : NULL;
}

bool net_is_local(const struct net *net, const struct synfin_addr *addr)
{
    return addrs_is_local(net, addr);
}

bool net_is_no_peer(const struct net *net, const struct synfin_addr *addr)
{
    if (!wire_addr_is_mapped(addr)) {
        return synfin_addr_is_unspecified(addr) || wire_addr_is_multicast(addr)
               || wire_addr_is_loopback(addr);
    }
    uint32_t ip4 = bytes_load32(addr->octet + 12);
    uint32_t top = ip4 >> 24;
    return top == 0 || top == 127 || top >= 224 || addrs_is_broadcast4(net, ip4);
}

// The route, from which `path` is filled in; NULL when there is none.
static const struct route *find_path(const struct net *net, const struct synfin_addr *dst,
                                     uint32_t iface_wanted, struct net_path *path)
{
    memset(path, 0, sizeof(*path));
    path->iface_bound = iface_wanted == NET_IFACE_ANY ? 0 : (uint8_t)(iface_wanted + 1);
    if (net_is_no_peer(net, dst) || net_is_local(net, dst)) {
        return NULL;
    }
    const struct route *route = route_find(net, dst, iface_wanted);
    if (route == NULL) {
        return NULL;
    }
    const struct net_iface *iface = &net->iface[route->iface];
    uint32_t mtu = wire_addr_is_mapped(dst) ? iface->config.mtu_bytes : iface->mtu6_bytes;
    path->epoch = net->epoch;
    path->iface = route->iface;
    path->mtu_bytes = (uint16_t)mtu;
    return route;
}

bool net_route(const struct net *net, const struct synfin_addr *dst, uint32_t iface_wanted,
               struct net_path *path)
{
    return find_path(net, dst, iface_wanted, path) != NULL;
}

bool net_source(const struct net *net, const struct net_path *path, const struct synfin_addr *dst,
                struct synfin_addr *src)
{
    const struct net_addr *addr = addrs_source(net, path->iface, dst);
    if (addr != NULL) {
        *src = addr->addr;
    }
    return addr != NULL;
}

// The entry that the path names, as long as it is still the same one.
static struct neighbour *known_neighbour(const struct net *net, const struct net_path *path)
{
    if (path->generation == 0 || path->epoch != net->epoch) {
        return NULL;
    }
    struct neighbour *neighbour = neighbour_at(net, path->neighbour);
    return neighbour->generation == path->generation ? neighbour : NULL;
}

static uint32_t wanted_iface(const struct net_path *path)
{
    return path->iface_bound == 0 ? NET_IFACE_ANY : path->iface_bound - 1U;
}

static struct neighbour *find_neighbour(struct net *net, struct net_path *path,
                                        const struct route *route, const struct synfin_addr *dst,
                                        uint64_t now_ns)
{
    const struct synfin_addr *hop = route->has_gateway ? &route->gateway : dst;
    struct neighbour *neighbour = neighbour_want(net, route->iface, hop, now_ns);
    if (neighbour != NULL) {
        path->neighbour = neighbour->number;
        path->generation = neighbour->generation;
    }
    return neighbour;
}

enum net_resolution net_resolve(struct net *net, struct net_path *path,
                                const struct synfin_addr *dst, uint64_t now_ns, uint8_t mac[6])
{
    struct neighbour *neighbour = known_neighbour(net, path);
    if (neighbour == NULL) {
        const struct route *route = NULL;
        if (path->epoch != net->epoch) {
            route = find_path(net, dst, wanted_iface(path), path);
            if (route == NULL) {
                return NET_RESOLUTION_FAILED;
            }
        }
        if (!net->iface[path->iface].config.is_ethernet) {
            memset(mac, 0, WIRE_ETH_ADDR);
            return NET_RESOLUTION_READY;
        }
        route = route != NULL ? route : route_find(net, dst, wanted_iface(path));
        neighbour = route != NULL ? find_neighbour(net, path, route, dst, now_ns) : NULL;
        if (neighbour == NULL) {
            return NET_RESOLUTION_FAILED;
        }
    }
    enum net_resolution resolution = neighbour_use(net, neighbour, now_ns);
    if (resolution == NET_RESOLUTION_READY) {
        memcpy(mac, neighbour->mac, WIRE_ETH_ADDR);
    } else {
        neighbour->is_wanted = true;
    }
    return resolution;
}

void net_confirm(struct net *net, const struct net_path *path, uint64_t now_ns)
{
    struct neighbour *neighbour = known_neighbour(net, path);
    if (neighbour != NULL) {
        neighbour_confirm(net, neighbour, now_ns);
    }
}

bool net_next_change(struct net *net, struct net_change *change)
{
    return neighbour_next_change(net, change);
}

bool net_has_output(const struct net *net, uint32_t iface)
{
    return iface < net->ifaces && !list_is_empty(&net->iface[iface].ready);
}

void net_reclaim(struct net *net)
{
    for (;;) {
        struct list_node *node = list_pop_front(&net->sent);
        if (node == NULL) {
            return;
        }
        control_give(net, CONTAINER_OF(node, struct control, node));
    }
}

struct wheel_entry *net_tick(struct net *net)
{
    return &net->tick;
}

void net_arm(struct net *net, uint64_t deadline_ns)
{
    if (deadline_ns == SYNFIN_NEVER) {
        return;
    }
    if (!wheel_is_armed(&net->tick) || deadline_ns < net->tick.deadline_ns) {
        wheel_arm(net->config.wheel, &net->tick, deadline_ns);
    }
}

void net_advance(struct net *net, uint64_t now_ns)
{
    wheel_cancel(net->config.wheel, &net->tick);
    uint64_t next_ns = neighbour_advance(net, now_ns);
    next_ns = deadline_min(next_ns, fragments_advance(net, now_ns));
    next_ns = deadline_min(next_ns, addrs_advance(net, now_ns));
    next_ns = deadline_min(next_ns, route_advance(net, now_ns));
    next_ns = deadline_min(next_ns, nd_router_advance(net, now_ns));
    net_arm(net, next_ns);
}

enum net_verdict net_drop(struct net *net, enum synfin_reason reason, uint64_t now_ns)
{
    report_packet_dropped(net->config.report, reason, now_ns);
    return NET_VERDICT_DONE;
}

enum net_verdict net_consume(struct net *net)
{
    report_count(net->config.report, SYNFIN_REASON_NET_CONSUMED);
    return NET_VERDICT_DONE;
}

bool net_check(const struct net *net)
{
    return net->ifaces <= SYNFIN_IFACES_MAX && net->addrs <= NET_ADDRS_MAX
           && net->routes <= NET_ROUTES_MAX && neighbour_check(net) && control_check(net)
           && fragments_check(net);
}
