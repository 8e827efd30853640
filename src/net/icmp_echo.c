// SPDX-License-Identifier: MIT
//
// Echo replies of both IP versions: the request's octets go back to where they came from. What
// differs between the versions, header and checksum, is written by icmp4.c and icmp6.c between
// the two calls below.
#include "net/net_internal.h"

// A reply with the request's octets in it, or NULL: the limit or the queue forbids it, which is
// counted. It is cut off where it would need fragmentation (RFC 1122 §3.2.2.6).
// DEVIATES RFC 4443 §4.2: the same for IPv6, because this stack never fragments.
struct control *icmp_echo_begin(struct net *net, const struct net_rx *rx, bool is_ip6)
{
    if (!icmp_limit_echo(net, rx->now_ns)) {
        (void)net_drop(net, SYNFIN_REASON_DROP_ICMP_LIMIT, rx->now_ns);
        return NULL;
    }
    uint32_t max = control_bytes_max(net, rx->iface, is_ip6);
    struct gather data = rx->out->payload;
    uint32_t bytes = data.bytes < max ? data.bytes : max;
    struct control *control = control_take(net, bytes, SYNFIN_REASON_NET_ECHO_REPLY, rx->now_ns);
    if (control != NULL) {
        gather_read(&data, control_payload(control), bytes);
    }
    return control;
}

void icmp_echo_send(struct net *net, const struct net_rx *rx, struct control *control,
                    uint8_t protocol)
{
    const struct net_datagram *out = rx->out;
    struct net_header header = {
        .src = &out->dst,
        .dst = &out->src,
        .iface = (uint8_t)rx->iface,
        .protocol = protocol,
        .traffic_class = out->traffic_class & 0xfc, // RFC 3168 §6.1: ECN is the transport's
    };
    control_send(net, control, &header, rx->now_ns);
}
