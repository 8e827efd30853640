// SPDX-License-Identifier: MIT
//
// ICMPv6 in (RFC 4443): echo requests to one of our own addresses are answered, errors about our
// segments go up to TCP, neighbour discovery goes to nd.c. What comes to a group is neighbour
// discovery or nothing: an echo to all nodes would let one packet draw an answer from each.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

static bool is_checksum_right(const struct net_datagram *message)
{
    struct checksum sum;
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &message->src, &message->dst, WIRE_PROTOCOL_ICMP6,
                           message->payload.bytes);
    gather_checksum(&message->payload, &sum);
    return checksum_finish(&sum) == 0;
}

void icmp6_set_checksum(uint8_t *p, uint32_t bytes, const struct synfin_addr *src,
                        const struct synfin_addr *dst)
{
    struct checksum sum;
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, src, dst, WIRE_PROTOCOL_ICMP6, bytes);
    checksum_add(&sum, p, bytes);
    wire_icmp6_set_checksum(p, checksum_finish(&sum));
}

static enum net_verdict answer_echo(struct net *net, const struct net_rx *rx,
                                    const struct wire_icmp6 *request)
{
    struct control *control = icmp_echo_begin(net, rx, true);
    if (control == NULL) {
        return NET_VERDICT_DONE;
    }
    uint8_t *p = control_payload(control);
    struct wire_icmp6 reply = {
        .type = WIRE_ICMP6_ECHO_REPLY, .id = request->id, .sequence = request->sequence};
    wire_icmp6_emit(p, &reply);
    icmp6_set_checksum(p, control->bytes, &rx->out->dst, &rx->out->src);
    icmp_echo_send(net, rx, control, WIRE_PROTOCOL_ICMP6);
    return net_consume(net);
}

// RFC 4443 §3.1.
static enum net_verdict input_unreachable(struct net *net, struct net_rx *rx, uint8_t code)
{
    switch (code) {
    case WIRE_ICMP6_CODE_NO_ROUTE:
    case WIRE_ICMP6_CODE_SCOPE: return icmp_quote_input(net, rx, NET_ERROR_NET_UNREACHABLE, 0);
    case WIRE_ICMP6_CODE_ADDRESS: return icmp_quote_input(net, rx, NET_ERROR_HOST_UNREACHABLE, 0);
    case WIRE_ICMP6_CODE_PORT: return icmp_quote_input(net, rx, NET_ERROR_PORT_UNREACHABLE, 0);
    case WIRE_ICMP6_CODE_PROHIBITED:
    case WIRE_ICMP6_CODE_POLICY:
    case WIRE_ICMP6_CODE_REJECT: return icmp_quote_input(net, rx, NET_ERROR_PROHIBITED, 0);
    default: return net_drop(net, SYNFIN_REASON_DROP_ICMP_TYPE, rx->now_ns);
    }
}

static enum net_verdict input_message(struct net *net, struct net_rx *rx,
                                      const struct wire_icmp6 *icmp)
{
    switch (icmp->type) {
    case WIRE_ICMP6_ECHO_REQUEST: return answer_echo(net, rx, icmp);
    case WIRE_ICMP6_UNREACHABLE: return input_unreachable(net, rx, icmp->code);
    case WIRE_ICMP6_TOO_BIG:
        // 0 is no MTU here, and must not be taken for "not told" as in IPv4.
        return icmp_quote_input(net, rx, NET_ERROR_TOO_BIG, icmp->mtu);
    case WIRE_ICMP6_TIME_EXCEEDED: return icmp_quote_input(net, rx, NET_ERROR_TIME_EXCEEDED, 0);
    case WIRE_ICMP6_PARAMETER_PROBLEM:
        // An unknown next header is this version's "protocol unreachable": RFC 5927 §5.2.
        return icmp_quote_input(net, rx,
                                icmp->code == WIRE_ICMP6_CODE_NEXT_HEADER
                                    ? NET_ERROR_PORT_UNREACHABLE
                                    : NET_ERROR_PARAMETER,
                                0);
    default:
        // The answer to an echo request, or a redirect: not asked for, not followed.
        return net_drop(net, SYNFIN_REASON_DROP_ICMP_TYPE, rx->now_ns);
    }
}

enum net_verdict icmp6_input(struct net *net, struct net_rx *rx, const struct wire_ip6 *ip)
{
    const struct net_datagram *out = rx->out;
    struct wire_icmp6 icmp;
    enum synfin_reason reason =
        wire_icmp6_parse(out->head, out->head_bytes, out->payload.bytes, &icmp);
    if (reason == SYNFIN_REASON_UNKNOWN && !out->is_checksum_verified && !is_checksum_right(out)) {
        reason = SYNFIN_REASON_DROP_ICMP_CHECKSUM;
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    if (rx->is_source_ours && icmp.type != WIRE_ICMP6_NEIGHBOUR_ADVERT) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE, rx->now_ns);
    }
    if (wire_icmp6_is_nd(icmp.type)) {
        return nd_input(net, rx, ip);
    }
    if (rx->is_group) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION, rx->now_ns);
    }
    if (synfin_addr_is_unspecified(&ip->src)) {
        return net_drop(net, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE, rx->now_ns);
    }
    return input_message(net, rx, &icmp);
}
