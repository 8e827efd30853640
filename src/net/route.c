// SPDX-License-Identifier: MIT
//
// The routes: a short array, longest prefix first, so that the first match is the answer. It is
// searched once per connection and after a change of routes, never per packet.
#include "base/addr_kind.h"
#include "net/net_internal.h"
#include "wire/wire_addr.h"

static bool is_same(const struct route *a, const struct route *b)
{
    return a->iface == b->iface && a->has_gateway == b->has_gateway
           && a->prefix.bits == b->prefix.bits
           && synfin_prefix_contains(&a->prefix, &b->prefix.addr)
           && (!a->has_gateway || addr_kind_is_equal(&a->gateway, &b->gateway));
}

static uint32_t count_of(const struct net *net, enum route_origin origin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->routes; i++) {
        count += net->route[i].origin == (uint8_t)origin;
    }
    return count;
}

static bool has_room(const struct net *net, enum route_origin origin)
{
    uint32_t limit = origin == ROUTE_ORIGIN_USER     ? SYNFIN_ROUTES_MAX
                     : origin == ROUTE_ORIGIN_ROUTER ? NET_ROUTES_LEARNT_MAX
                                                     : NET_ROUTES_MAX;
    return net->routes < NET_ROUTES_MAX && count_of(net, origin) < limit;
}

// The existing route that the new one is; NULL when it is new. What a user or an address made
// is never replaced by what a router says.
static struct route *find_same(struct net *net, const struct route *route)
{
    for (uint32_t i = 0; i < net->routes; i++) {
        if (is_same(&net->route[i], route)) {
            return &net->route[i];
        }
    }
    return NULL;
}

enum synfin_error route_add(struct net *net, const struct route *route)
{
    struct route *same = find_same(net, route);
    if (same != NULL) {
        if (same->origin == ROUTE_ORIGIN_ROUTER) {
            same->origin = route->origin;
            same->valid_ns = route->valid_ns;
            net_arm(net, route->valid_ns);
        }
        return SYNFIN_ERROR_OK;
    }
    if (!has_room(net, (enum route_origin)route->origin)) {
        return SYNFIN_ERROR_LIMIT;
    }
    uint32_t at = net->routes++;
    while (at > 0 && net->route[at - 1].prefix.bits < route->prefix.bits) {
        net->route[at] = net->route[at - 1];
        at--;
    }
    net->route[at] = *route;
    net->epoch++;
    net_arm(net, route->valid_ns);
    return SYNFIN_ERROR_OK;
}

void route_remove(struct net *net, struct route *route)
{
    net->routes--;
    for (struct route *at = route; at < net->route + net->routes; at++) {
        *at = at[1];
    }
    net->epoch++;
}

const struct route *route_find(const struct net *net, const struct synfin_addr *dst,
                               uint32_t iface_wanted)
{
    bool is_bound = iface_wanted != NET_IFACE_ANY;
    const struct route *other = NULL;
    for (uint32_t i = 0; i < net->routes; i++) {
        const struct route *route = &net->route[i];
        if (!synfin_prefix_contains(&route->prefix, dst)) {
            continue;
        }
        if (!is_bound || route->iface == iface_wanted) {
            return route;
        }
        other = other == NULL ? route : other;
    }
    // A link-local address means nothing on another link: RFC 4007 §6.
    return wire_addr_is_link_local(dst) ? NULL : other;
}

bool route_is_on_link(const struct net *net, uint32_t iface, const struct synfin_addr *addr)
{
    const struct route *route = route_find(net, addr, iface);
    return route != NULL && route->iface == iface && !route->has_gateway
           && !net_is_no_peer(net, addr);
}

void route_forget(struct net *net, const struct route *route)
{
    struct route *same = find_same(net, route);
    if (same != NULL && same->origin == ROUTE_ORIGIN_ROUTER) {
        route_remove(net, same);
    }
}

void route_forget_gateway(struct net *net, uint32_t iface, const struct synfin_addr *gateway)
{
    for (uint32_t i = 0; i < net->routes;) {
        struct route *route = &net->route[i];
        if (route->origin == ROUTE_ORIGIN_ROUTER && route->iface == iface && route->has_gateway
            && addr_kind_is_equal(&route->gateway, gateway)) {
            route_remove(net, route);
        } else {
            i++;
        }
    }
}

uint64_t route_advance(struct net *net, uint64_t now_ns)
{
    uint64_t next_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < net->routes;) {
        struct route *route = &net->route[i];
        if (deadline_is_due(route->valid_ns, now_ns)) {
            route_remove(net, route);
            continue;
        }
        next_ns = deadline_min(next_ns, route->valid_ns);
        i++;
    }
    return next_ns;
}
