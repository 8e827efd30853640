// SPDX-License-Identifier: MIT
//
// ICMP in (RFC 792, RFC 1122 §3.2.2): echo requests are answered, errors about our segments go
// up to TCP, everything else ends here. Redirects are not followed: a host with few routes gains
// nothing by them that an attacker would not gain more (RFC 6274 §4.4).
#include "net/net_internal.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_protocol.h"

static bool is_checksum_right(const struct net_datagram *message)
{
    struct checksum sum;
    checksum_init(&sum);
    gather_checksum(&message->payload, &sum);
    return checksum_finish(&sum) == 0;
}

static enum net_verdict answer_echo(struct net *net, const struct net_rx *rx,
                                    const struct wire_icmp4 *request)
{
    struct control *control = icmp_echo_begin(net, rx, false);
    if (control == NULL) {
        return NET_VERDICT_DONE;
    }
    uint8_t *p = control_payload(control);
    struct wire_icmp4 reply = {
        .type = WIRE_ICMP4_ECHO_REPLY, .id = request->id, .sequence = request->sequence};
    wire_icmp4_emit(p, &reply);
    wire_icmp4_set_checksum(p, checksum_of(p, control->bytes));
    icmp_echo_send(net, rx, control, WIRE_PROTOCOL_ICMP4);
    return net_consume(net);
}

// RFC 792 §1, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
static enum net_verdict input_unreachable(struct net *net, struct net_rx *rx,
                                          const struct wire_icmp4 *icmp)
{
    enum { SOURCE_ROUTE = 5, NET_UNKNOWN = 6, HOST_UNKNOWN = 7, ISOLATED = 8, NET_TOS = 11 };
    enum { HOST_TOS = 12, PRECEDENCE = 14, CUTOFF = 15 };
    switch (icmp->code) {
    case WIRE_ICMP4_CODE_NET:
    case NET_UNKNOWN:
    case ISOLATED:
    case NET_TOS: return icmp_quote_input(net, rx, NET_ERROR_NET_UNREACHABLE, 0);
    case WIRE_ICMP4_CODE_HOST:
    case SOURCE_ROUTE:
    case HOST_UNKNOWN:
    case HOST_TOS: return icmp_quote_input(net, rx, NET_ERROR_HOST_UNREACHABLE, 0);
    case WIRE_ICMP4_CODE_PROTOCOL:
    case WIRE_ICMP4_CODE_PORT: return icmp_quote_input(net, rx, NET_ERROR_PORT_UNREACHABLE, 0);
    case WIRE_ICMP4_CODE_TOO_BIG: return icmp_quote_input(net, rx, NET_ERROR_TOO_BIG, icmp->mtu);
    case WIRE_ICMP4_CODE_NET_PROHIBITED:
    case WIRE_ICMP4_CODE_HOST_PROHIBITED:
    case WIRE_ICMP4_CODE_PROHIBITED:
    case PRECEDENCE:
    case CUTOFF: return icmp_quote_input(net, rx, NET_ERROR_PROHIBITED, 0);
    default: return net_drop(net, SYNFIN_REASON_DROP_ICMP_TYPE, rx->now_ns);
    }
}

enum net_verdict icmp4_input(struct net *net, struct net_rx *rx)
{
    const struct net_datagram *out = rx->out;
    struct wire_icmp4 icmp;
    enum synfin_reason reason =
        wire_icmp4_parse(out->head, out->head_bytes, out->payload.bytes, &icmp);
    if (reason == SYNFIN_REASON_UNKNOWN && !out->is_checksum_verified && !is_checksum_right(out)) {
        reason = SYNFIN_REASON_DROP_ICMP_CHECKSUM;
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    switch (icmp.type) {
    case WIRE_ICMP4_ECHO_REQUEST: return answer_echo(net, rx, &icmp);
    case WIRE_ICMP4_UNREACHABLE: return input_unreachable(net, rx, &icmp);
    case WIRE_ICMP4_TIME_EXCEEDED: return icmp_quote_input(net, rx, NET_ERROR_TIME_EXCEEDED, 0);
    case WIRE_ICMP4_PARAMETER_PROBLEM: return icmp_quote_input(net, rx, NET_ERROR_PARAMETER, 0);
    default:
        // The answer to an echo request; we send none.
        return net_drop(net, SYNFIN_REASON_DROP_ICMP_TYPE, rx->now_ns);
    }
}
