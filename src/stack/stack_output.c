// SPDX-License-Identifier: MIT
//
// Packets out, pulled when the device has room: what net has to say first, since others wait for
// it, then segments without a connection and the connections that are ready. Each connection has a
// few segments before the next one has its turn; the next hop is found once per turn. When both
// wait, strays and connections alternate, so that a flood of either starves nobody. A turn that the
// array cuts short goes on in the next one: the order does not depend on the array's size.
#include "base/addr_kind.h"
#include "base/siphash.h"
#include "stack/stack_internal.h"

enum {
    // Segments per turn of a connection: enough that finding the next hop costs little per
    // segment, few enough that a short answer does not wait behind a long transfer.
    TURN_SEGMENTS = 16,
};

// The caller's array being filled.
struct burst {
    struct synfin_stack *stack;
    struct synfin_packet *packets;
    uint32_t iface, count, max;
    uint64_t now_ns;
};

static struct synfin_packet *next_packet(const struct burst *burst)
{
    return &burst->packets[burst->count];
}

static void put_net(struct burst *burst)
{
    if (!net_has_output(burst->stack->net, burst->iface)) {
        return;
    }
    burst->count += net_output(burst->stack->net, burst->iface, next_packet(burst),
                               burst->max - burst->count, burst->now_ns);
}

// RFC 6437 §3: the same for all packets of a flow, and not to be guessed.
static uint32_t flow_label_of(const struct synfin_stack *stack, const struct tcp_pair *pair)
{
    if (addr_kind_is_ipv4(&pair->remote)) {
        return 0;
    }
    uint8_t flow[36];
    __builtin_memcpy(flow, pair->local.octet, 16);
    __builtin_memcpy(flow + 16, pair->remote.octet, 16);
    __builtin_memcpy(flow + 32, &pair->local_port, 2);
    __builtin_memcpy(flow + 34, &pair->remote_port, 2);
    return (uint32_t)siphash_13(&stack->flow_key, flow, sizeof flow) & 0xfffff;
}

static void put_stray(struct burst *burst, const struct tcp_stray *stray, const uint8_t mac[6])
{
    struct synfin_stack *stack = burst->stack;
    struct net_header header = {
        .src = &stray->pair.local,
        .dst = &stray->pair.remote,
        .mac = mac,
        .flow_label = flow_label_of(stack, &stray->pair),
        .iface = (uint8_t)burst->iface,
        .protocol = NET_PROTOCOL_TCP,
        .traffic_class = stray->traffic_class,
        .hop_limit = stray->hop_limit,
    };
    tcp_stray_emit(&stack->tcp, stray, next_packet(burst), burst->now_ns);
    net_emit(stack->net, next_packet(burst), &header);
    burst->count++;
    tcp_stray_pop(&stack->tcp, burst->iface);
}

// Without a next hop a stray is lost, and what provoked it will come again.
static void lose_stray(struct burst *burst)
{
    report_packet_dropped(&burst->stack->report, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED,
                          burst->now_ns);
    tcp_stray_pop(&burst->stack->tcp, burst->iface);
}

// Takes the first stray off the list of this interface, in one of these ways.
static void serve_stray(struct burst *burst, const struct tcp_stray *stray)
{
    struct synfin_stack *stack = burst->stack;
    struct net_path path = {.iface_bound = (uint8_t)(burst->iface + 1)};
    uint8_t mac[6];
    enum net_resolution resolution =
        net_resolve(stack->net, &path, &stray->pair.remote, burst->now_ns, mac);
    if (resolution != NET_RESOLUTION_FAILED && path.iface != burst->iface) {
        tcp_stray_move(&stack->tcp, burst->iface, path.iface);
    } else if (resolution == NET_RESOLUTION_READY) {
        put_stray(burst, stray, mac);
    } else if (resolution == NET_RESOLUTION_FAILED
               || !tcp_stray_park(&stack->tcp, burst->iface, path.neighbour)) {
        lose_stray(burst);
    }
}

// A turn of a connection whose next hop is known, or what is left of it, until the array holds
// `end` packets. The user's fields go as they are, RFC 9293 §3.9.1.9 [MUST-48, SHLD-22],
// §3.9.2 [MUST-49].
static void put_segments(struct burst *burst, struct tcp_conn *conn, uint32_t end,
                         const uint8_t mac[6])
{
    struct synfin_stack *stack = burst->stack;
    struct stack_turn *turn = &stack->turn[burst->iface];
    struct net_header header = {
        .src = &conn->pair.local,
        .dst = &conn->pair.remote,
        .mac = mac,
        .flow_label = flow_label_of(stack, &conn->pair),
        .iface = (uint8_t)burst->iface,
        .protocol = NET_PROTOCOL_TCP,
        .hop_limit = conn->set.hop_limit,
    };
    if (turn->conn != conn->number) {
        *turn = (struct stack_turn){.conn = conn->number};
    }
    for (; turn->segments < TURN_SEGMENTS && burst->count < end; turn->segments++) {
        if (!tcp_output(&stack->tcp, conn, next_packet(burst), burst->now_ns)) {
            turn->conn = 0;
            return;
        }
        header.traffic_class = conn->set.traffic_class | conn->ecn.sent;
        net_emit(stack->net, next_packet(burst), &header);
        burst->count++;
    }
    if (turn->segments == TURN_SEGMENTS) {
        turn->conn = 0;
        tcp_ready_rotate(&stack->tcp, conn);
    }
}

// A turn of a connection without a next hop: its segments are built, and lost. So its timers run
// and its retransmissions count, and its user learns why nothing arrives.
static void lose_segments(struct burst *burst, struct tcp_conn *conn)
{
    struct synfin_stack *stack = burst->stack;
    struct tcp_pair pair = conn->pair;
    struct tcp_icmp_error said = {.kind = TCP_ICMP_NO_NEIGHBOUR, .seq = conn->snd.una};
    uint32_t lost = 0;
    while (lost < TURN_SEGMENTS
           && tcp_output(&stack->tcp, conn, next_packet(burst), burst->now_ns)) {
        report_packet_dropped(&stack->report, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED, burst->now_ns);
        lost++;
    }
    tcp_icmp_error(&stack->tcp, &pair, &said, burst->now_ns);
}

// RFC 4861 §7.3.1: a peer that just answered shows that the next hop forwards what we send.
static void confirm_next_hop(struct burst *burst, const struct tcp_conn *conn)
{
    if (conn->is_syn_acked && conn->totals.ack_received_ns == burst->now_ns) {
        stack_path_confirm(burst->stack, conn, burst->now_ns);
    }
}

// Takes the first connection's turn, until the array holds `end` packets.
static void serve(struct burst *burst, struct tcp_conn *conn, uint32_t end)
{
    uint8_t mac[6];
    if (stack_path_take_failure(conn)) {
        lose_segments(burst, conn);
        return;
    }
    switch (stack_path_resolve(burst->stack, conn, burst->now_ns, mac)) {
    case NET_RESOLUTION_READY:
        if (conn->path.iface != burst->iface) {
            tcp_ready_rotate(&burst->stack->tcp, conn);
            return;
        }
        confirm_next_hop(burst, conn);
        put_segments(burst, conn, end, mac);
        return;
    case NET_RESOLUTION_PENDING: tcp_park(&burst->stack->tcp, conn); return;
    case NET_RESOLUTION_FAILED: lose_segments(burst, conn); return;
    }
}

// A stray's packet or a connection's turn; false when nobody waits. A stray is first: the reset of
// an old connection leaves before the SYN of the new one.
static bool put_next(struct burst *burst)
{
    struct tcp *tcp = &burst->stack->tcp;
    struct tcp_conn *conn = tcp_ready_first(tcp, burst->iface);
    const struct tcp_stray *stray = tcp_stray_first(tcp, burst->iface);
    bool are_both = conn != NULL && stray != NULL;
    bool is_stray = stray != NULL && !(are_both && tcp->strays.was_first[burst->iface]);
    tcp->strays.was_first[burst->iface] = are_both && is_stray;
    if (is_stray) {
        serve_stray(burst, stray);
    } else if (conn != NULL) {
        serve(burst, conn, are_both ? burst->count + 1 : burst->max);
    }
    return is_stray || conn != NULL;
}

bool synfin_stack_has_output(const synfin_stack *stack, uint32_t iface)
{
    return iface < net_ifaces(stack->net)
           && (tcp_has_output(&stack->tcp, iface) || net_has_output(stack->net, iface));
}

uint32_t synfin_stack_output(synfin_stack *stack, uint32_t iface, struct synfin_packet *packets,
                             uint32_t max, uint64_t now_ns)
{
    struct burst burst = {
        .stack = stack,
        .packets = packets,
        .iface = iface,
        .max = max,
        .now_ns = stack_now(stack, now_ns),
    };
    net_reclaim(stack->net);
    // A device asks again and again; most often there is nothing to say.
    if (!synfin_stack_has_output(stack, iface)) {
        return 0;
    }
    // Again and again: who finds no next hop makes net ask for it.
    do {
        put_net(&burst);
    } while (burst.count < max && put_next(&burst));
    stack_path_poll_changes(stack);
    stack->packets_out += burst.count;
    return burst.count;
}
