// SPDX-License-Identifier: MIT
//
// The small packets that the network layer sends for itself: ARP, neighbour discovery, echo
// replies, ICMP errors. They come from two bounded pools, wait at their neighbour until it is
// resolved (so that a dead one delays nobody else), then stand in their interface's ready list
// until the device has room.
//
//     control_take -> control_send -> [neighbour.waiting] -> [iface.ready] -> net.sent -> pool
//                                          \-> dropped: the neighbour failed or too much waits
#include <string.h>

#include "net/net_internal.h"
#include "wire/wire_addr.h"

void control_init(struct net *net)
{
    uint32_t fixed_bytes = (uint32_t)sizeof(struct control) + CONTROL_ROOM;
    slab_pool_init(&net->control_small, net->config.source, fixed_bytes + CONTROL_SMALL_BYTES,
                   CONTROL_SMALL_MAX);
    slab_pool_init(&net->control_large, net->config.source, fixed_bytes + CONTROL_LARGE_BYTES,
                   CONTROL_LARGE_MAX);
    list_init(&net->sent);
}

void control_deinit(struct net *net)
{
    slab_pool_deinit(&net->control_small);
    slab_pool_deinit(&net->control_large);
}

struct control *control_take(struct net *net, uint32_t bytes, enum synfin_reason reason,
                             uint64_t now_ns)
{
    ASSERT(bytes <= CONTROL_LARGE_BYTES);
    bool is_large = bytes > CONTROL_SMALL_BYTES;
    struct slab_pool *pool = is_large ? &net->control_large : &net->control_small;
    struct control *control = slab_pool_take_raw(pool, NULL);
    if (control == NULL) {
        net_drop(net, SYNFIN_REASON_DROP_OUTPUT_FULL, now_ns);
        return NULL;
    }
    list_init(&control->node);
    control->bytes = bytes;
    control->start = CONTROL_ROOM;
    control->reason = (uint16_t)reason;
    control->iface = 0;
    control->is_large = is_large;
    return control;
}

void control_give(struct net *net, struct control *control)
{
    slab_pool_give(control->is_large ? &net->control_large : &net->control_small, control);
}

uint32_t control_bytes_max(const struct net *net, uint32_t iface, bool is_ip6)
{
    const struct net_iface *to = &net->iface[iface];
    uint32_t mtu =
        is_ip6 ? to->mtu6_bytes - WIRE_IP6_HEADER : to->config.mtu_bytes - WIRE_IP4_HEADER;
    return mtu < CONTROL_LARGE_BYTES ? mtu : CONTROL_LARGE_BYTES;
}

static void push_ready(struct net *net, struct control *control)
{
    list_push_back(&net->iface[control->iface].ready, &control->node);
}

static void prepend_link(struct net *net, struct control *control, const uint8_t *mac,
                         uint16_t type)
{
    uint8_t *p = control->octets + control->start;
    uint32_t bytes = net_emit_link(net, p, control->iface, mac, type);
    control->start = (uint16_t)(control->start - bytes);
    control->bytes += bytes;
    push_ready(net, control);
}

static uint16_t type_of(const struct control *control)
{
    bool is_ip4 = control->octets[control->start] >> 4 == 4;
    return is_ip4 ? WIRE_ETH_TYPE_IP4 : WIRE_ETH_TYPE_IP6;
}

void control_send_link(struct net *net, struct control *control, uint32_t iface,
                       const struct wire_eth_addr *dst, uint16_t type)
{
    control->iface = (uint8_t)iface;
    prepend_link(net, control, dst->octet, type);
}

static void refuse(struct net *net, struct control *control, enum synfin_reason reason,
                   uint64_t now_ns)
{
    net_drop(net, reason, now_ns);
    control_give(net, control);
}

// RFC 4861 §7.2.2: when too much waits, the newest replaces the oldest.
static void push_waiting(struct net *net, struct neighbour *neighbour, struct control *control,
                         uint64_t now_ns)
{
    if (neighbour->waiting_count == NEIGHBOUR_WAITING_MAX) {
        struct list_node *oldest = list_pop_front(&neighbour->waiting);
        neighbour->waiting_count--;
        refuse(net, CONTAINER_OF(oldest, struct control, node), SYNFIN_REASON_DROP_NEIGHBOUR_FULL,
               now_ns);
    }
    list_push_back(&neighbour->waiting, &control->node);
    neighbour->waiting_count++;
}

static void send_by_neighbour(struct net *net, struct control *control,
                              const struct synfin_addr *dst, uint64_t now_ns)
{
    const struct route *route = route_find(net, dst, control->iface);
    if (route == NULL) {
        refuse(net, control, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED, now_ns);
        return;
    }
    control->iface = route->iface;
    if (!net->iface[route->iface].config.is_ethernet) {
        push_ready(net, control);
        return;
    }
    const struct synfin_addr *hop = route->has_gateway ? &route->gateway : dst;
    struct neighbour *neighbour = neighbour_want(net, route->iface, hop, now_ns);
    if (neighbour == NULL) {
        refuse(net, control, SYNFIN_REASON_DROP_NEIGHBOUR_FULL, now_ns);
    } else if (neighbour_use(net, neighbour, now_ns) == NET_RESOLUTION_READY) {
        prepend_link(net, control, neighbour->mac, type_of(control));
    } else {
        push_waiting(net, neighbour, control, now_ns);
    }
}

void control_send(struct net *net, struct control *control, const struct net_header *header,
                  uint64_t now_ns)
{
    uint8_t *p = control->octets + control->start;
    uint32_t bytes = net_emit_ip(net, p, control->bytes, header);
    control->start = (uint16_t)(control->start - bytes);
    control->bytes += bytes;
    control->iface = header->iface;
    bool is_ethernet = net->iface[header->iface].config.is_ethernet;
    if (is_ethernet && header->mac != NULL) {
        prepend_link(net, control, header->mac, type_of(control));
    } else if (is_ethernet) {
        send_by_neighbour(net, control, header->dst, now_ns);
    } else {
        push_ready(net, control);
    }
}

void control_release(struct net *net, struct neighbour *neighbour)
{
    while (neighbour->waiting_count > 0) {
        struct list_node *node = list_pop_front(&neighbour->waiting);
        struct control *control = CONTAINER_OF(node, struct control, node);
        neighbour->waiting_count--;
        prepend_link(net, control, neighbour->mac, type_of(control));
    }
}

void control_fail(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    while (neighbour->waiting_count > 0) {
        struct list_node *node = list_pop_front(&neighbour->waiting);
        neighbour->waiting_count--;
        refuse(net, CONTAINER_OF(node, struct control, node), SYNFIN_REASON_DROP_NEIGHBOUR_FAILED,
               now_ns);
    }
}

static uint32_t count_list(const struct list_node *list)
{
    uint32_t count = 0;
    list_for_each (node, list) {
        count++;
    }
    return count;
}

bool control_check(const struct net *net)
{
    uint32_t listed = count_list(&net->sent);
    for (uint32_t i = 0; i < net->ifaces; i++) {
        listed += count_list(&net->iface[i].ready);
    }
    for (uint32_t i = 0; i < net->neighbours.slots; i++) {
        listed += neighbour_at(net, i)->waiting_count;
    }
    return listed == net->control_small.objects + net->control_large.objects
           && net->control_small.objects <= CONTROL_SMALL_MAX
           && net->control_large.objects <= CONTROL_LARGE_MAX;
}
