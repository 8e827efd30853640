// SPDX-License-Identifier: MIT
//
// Packets in: net judges each, and what is TCP's goes up as a segment, what a router says about
// one of our segments as an ICMP error. The route of an answer is not looked up here: that costs
// only the segments that make one.
#include "stack/stack_internal.h"

static enum tcp_icmp icmp_of(enum net_error_kind kind)
{
    switch (kind) {
    case NET_ERROR_NET_UNREACHABLE: return TCP_ICMP_NET_UNREACHABLE;
    case NET_ERROR_HOST_UNREACHABLE: return TCP_ICMP_HOST_UNREACHABLE;
    case NET_ERROR_PORT_UNREACHABLE: return TCP_ICMP_PORT_UNREACHABLE;
    case NET_ERROR_PROHIBITED: return TCP_ICMP_PROHIBITED;
    case NET_ERROR_TOO_BIG: return TCP_ICMP_TOO_BIG;
    case NET_ERROR_TIME_EXCEEDED:
    case NET_ERROR_PARAMETER: break;
    }
    return TCP_ICMP_OTHER;
}

static void take_error(struct synfin_stack *stack, const struct net_error *error, uint64_t now_ns)
{
    struct tcp_pair pair = {
        .local = error->local.addr,
        .remote = error->remote.addr,
        .local_port = error->local.port,
        .remote_port = error->remote.port,
    };
    struct tcp_icmp_error said = {
        .kind = icmp_of(error->kind),
        .seq = error->seq,
        .mtu_bytes = error->mtu_bytes,
        .icmp = error->icmp,
    };
    tcp_icmp_error(&stack->tcp, &pair, &said, now_ns);
}

static void take_segment(struct synfin_stack *stack, const struct net_datagram *datagram,
                         uint64_t now_ns)
{
    struct tcp_arrival arrival = {
        .src = datagram->src,
        .dst = datagram->dst,
        .segment = datagram->payload,
        .head = datagram->head,
        .head_bytes = datagram->head_bytes,
        .path = stack->tcp.answer[datagram->iface],
        .is_checksum_verified = datagram->is_checksum_verified,
        .ecn = datagram->traffic_class & TCP_ECN_FIELD_MASK,
    };
    tcp_input(&stack->tcp, &arrival, now_ns);
}

static void take_packet(struct synfin_stack *stack, uint32_t iface,
                        const struct synfin_packet *packet, uint64_t now_ns)
{
    struct net_datagram datagram;
    switch (net_input(stack->net, iface, packet, now_ns, &datagram)) {
    case NET_VERDICT_DONE: break;
    case NET_VERDICT_TRANSPORT: take_segment(stack, &datagram, now_ns); break;
    case NET_VERDICT_ICMP_ERROR: take_error(stack, &datagram.error, now_ns); break;
    }
}

void synfin_stack_input(synfin_stack *stack, uint32_t iface, const struct synfin_packet *packets,
                        uint32_t n, uint64_t now_ns)
{
    now_ns = stack_now(stack, now_ns);
    net_reclaim(stack->net);
    if (iface >= net_ifaces(stack->net)) {
        return;
    }
    stack->packets_in += n;
    for (uint32_t i = 0; i < n; i++) {
        take_packet(stack, iface, &packets[i], now_ns);
    }
    stack_path_poll_changes(stack);
}
