// SPDX-License-Identifier: MIT
//
// The way to a peer: routes and neighbours of net for connections of TCP, neither of which knows
// the other. What net wants to keep per connection (struct net_path) lies in the connection's
// path as three words that TCP copies without reading:
//
//     hint[0] epoch of the routes   hint[1] generation of the neighbour entry
//     hint[2] [ failed:1 | unused:7 | interface bound:8  | number of the neighbour entry:16 ]
//
// All zero is valid: the route is then looked up when the first packet goes out. A connection
// whose next hop is being looked for is parked, and wakes when net says what became of it. When
// the next hop was given up, `failed` makes the connection's next segments count as lost, so that
// its retransmissions, and in the end its limit, go on as if the network had lost them.
#include "base/addr_kind.h"
#include "base/check.h"
#include "stack/stack_internal.h"

#define HINT_FAILED      (UINT32_C(1) << 31)
#define HINT_BOUND_SHIFT 16

static void load_hints(const struct tcp_path *path, struct net_path *out)
{
    *out = (struct net_path){
        .epoch = path->hint[0],
        .generation = path->hint[1],
        .neighbour = (uint16_t)path->hint[2],
        .mtu_bytes = (uint16_t)path->mtu_bytes,
        .iface = (uint8_t)path->iface,
        .iface_bound = (uint8_t)(path->hint[2] >> HINT_BOUND_SHIFT),
    };
}

static void store_hints(struct tcp_path *path, const struct net_path *from)
{
    path->hint[0] = from->epoch;
    path->hint[1] = from->generation;
    path->hint[2] = (uint32_t)from->iface_bound << HINT_BOUND_SHIFT | from->neighbour;
}

// What the interface's device can do.
static void set_iface(const struct synfin_stack *stack, struct tcp_path *path, uint32_t iface)
{
    const struct synfin_iface_config *config = net_iface_config(stack->net, iface);
    path->iface = iface;
    path->mtu_bytes = config->mtu_bytes;
    path->gso_bytes = config->gso_bytes;
    path->can_checksum = config->can_checksum != 0;
}

static void set_path(const struct synfin_stack *stack, struct tcp_path *path,
                     const struct net_path *from)
{
    set_iface(stack, path, from->iface);
    path->mtu_bytes = from->mtu_bytes;
    store_hints(path, from);
}

void stack_path_of_iface(const struct synfin_stack *stack, uint32_t iface, struct tcp_path *path)
{
    struct net_path unknown = {.iface_bound = (uint8_t)(iface + 1)};
    set_iface(stack, path, iface);
    store_hints(path, &unknown);
}

// Our address toward `remote`: the one the socket is bound to, or the one net chooses:
// RFC 9293 §3.9.1.1 [MUST-44].
static enum synfin_error choose_source(const struct synfin_stack *stack,
                                       const struct net_path *path,
                                       const struct synfin_addr *remote,
                                       const struct synfin_addr *bound, struct synfin_addr *source)
{
    if (bound == NULL) {
        return net_source(stack->net, path, remote, source) ? SYNFIN_ERROR_OK
                                                            : SYNFIN_ERROR_BAD_LOCAL_ADDR;
    }
    *source = *bound;
    bool is_usable =
        net_is_local(stack->net, bound) && addr_kind_is_ipv4(bound) == addr_kind_is_ipv4(remote);
    return is_usable ? SYNFIN_ERROR_OK : SYNFIN_ERROR_BAD_LOCAL_ADDR;
}

// RFC 9293 §3.9.1.1 [MUST-46]: nobody connects to a group.
enum synfin_error stack_path_find(struct synfin_stack *stack, const struct synfin_addr *remote,
                                  const struct synfin_addr *bound, struct tcp_path *path,
                                  struct synfin_addr *source)
{
    struct net_path found;
    if (net_is_no_peer(stack->net, remote)) {
        return SYNFIN_ERROR_INVALID;
    }
    // A stack has no way to itself: what it sends leaves by a device.
    if (net_is_local(stack->net, remote) || !net_route(stack->net, remote, NET_IFACE_ANY, &found)) {
        return SYNFIN_ERROR_NO_ROUTE;
    }
    set_path(stack, path, &found);
    return choose_source(stack, &found, remote, bound, source);
}

// The route changed under an open connection, or the one of an answer is known at last. What is in
// flight and too large for the new interface is sent again in smaller pieces.
static void move_path(struct synfin_stack *stack, struct tcp_conn *conn, const struct net_path *to,
                      uint64_t now_ns)
{
    set_path(stack, &conn->path, to);
    tcp_path_changed(&stack->tcp, conn, now_ns);
}

enum net_resolution stack_path_resolve(struct synfin_stack *stack, struct tcp_conn *conn,
                                       uint64_t now_ns, uint8_t mac[6])
{
    struct net_path path;
    load_hints(&conn->path, &path);
    enum net_resolution resolution =
        net_resolve(stack->net, &path, &conn->pair.remote, now_ns, mac);
    if (resolution == NET_RESOLUTION_FAILED) {
        return resolution;
    }
    bool was_looked_up = conn->path.hint[0] != path.epoch;
    if (was_looked_up
        && (path.iface != conn->path.iface || path.mtu_bytes != (uint16_t)conn->path.mtu_bytes)) {
        move_path(stack, conn, &path, now_ns);
    } else {
        store_hints(&conn->path, &path);
    }
    return resolution;
}

void stack_path_confirm(struct synfin_stack *stack, const struct tcp_conn *conn, uint64_t now_ns)
{
    struct net_path path;
    load_hints(&conn->path, &path);
    net_confirm(stack->net, &path, now_ns);
}

bool stack_path_take_failure(struct tcp_conn *conn)
{
    bool has_failed = (conn->path.hint[2] & HINT_FAILED) != 0;
    conn->path.hint[2] &= ~HINT_FAILED;
    return has_failed;
}

// Marks the connections that wait for this neighbour; strays have nobody to tell, and are lost.
static void mark_failed(struct synfin_stack *stack, const struct net_change *change)
{
    struct tcp *tcp = &stack->tcp;
    list_for_each (node, &tcp->parked[change->iface]) {
        struct tcp_conn *conn = CONTAINER_OF(node, struct tcp_conn, ready);
        if ((uint16_t)conn->path.hint[2] == change->neighbour) {
            conn->path.hint[2] |= HINT_FAILED;
        }
    }
    tcp_stray_lose_parked(tcp, change->iface, change->neighbour, stack->now_ns);
}

// All that were given up are marked before anybody goes on: who has left the list is not found.
void stack_path_poll_changes(struct synfin_stack *stack)
{
    struct net_change change;
    uint32_t changed = 0; // a bit for each interface
    while (net_next_change(stack->net, &change)) {
        ASSERT(change.iface < SYNFIN_IFACES_MAX);
        if (change.is_failed) {
            mark_failed(stack, &change);
        }
        changed |= UINT32_C(1) << change.iface;
    }
    for (uint32_t i = 0; changed != 0; i++, changed >>= 1) {
        if ((changed & 1) != 0) {
            tcp_unpark_all(&stack->tcp, i);
        }
    }
}
