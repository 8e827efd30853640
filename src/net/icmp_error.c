// SPDX-License-Identifier: MIT
//
// ICMP errors out, and the one place that says about what none is sent: other ICMP errors,
// anything that came to many, later fragments (which never get here: only whole datagrams and
// first fragments do), sources that are no single host (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)), and
// more than the limit allows. A quote is never longer than what was received, and the whole
// message never longer than the smallest MTU.
#include <string.h>

#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_protocol.h"

static bool is_about_icmp_error(const struct icmp_offence *offence)
{
    if (offence->protocol == WIRE_PROTOCOL_ICMP4) {
        return offence->transport_bytes == 0 || wire_icmp4_is_error(offence->transport[0]);
    }
    if (offence->protocol == WIRE_PROTOCOL_ICMP6) {
        return offence->transport_bytes == 0 || wire_icmp6_is_error(offence->transport[0]);
    }
    return false;
}

static bool is_allowed(const struct net *net, const struct icmp_offence *offence)
{
    bool is_group = offence->is_group && !offence->is_group_allowed;
    return !is_group && !is_about_icmp_error(offence) && !net_is_no_peer(net, offence->src)
           && !net_is_local(net, offence->src);
}

static void fill4(uint8_t *p, uint32_t bytes, const struct icmp_fault *fault)
{
    struct wire_icmp4 icmp = {
        .type = fault->type, .code = fault->code, .pointer = (uint8_t)fault->pointer};
    wire_icmp4_emit(p, &icmp);
    wire_icmp4_set_checksum(p, checksum_of(p, bytes));
}

static void fill6(uint8_t *p, uint32_t bytes, const struct icmp_fault *fault,
                  const struct net_header *header)
{
    struct wire_icmp6 icmp = {.type = fault->type, .code = fault->code, .pointer = fault->pointer};
    wire_icmp6_emit(p, &icmp);
    icmp6_set_checksum(p, bytes, header->src, header->dst);
}

// What was asked for answers, unless it was a group.
static const struct synfin_addr *source_of(struct net *net, const struct icmp_offence *offence)
{
    if (!wire_addr_is_multicast(offence->dst)) {
        return offence->dst;
    }
    const struct net_addr *own = addrs_source(net, offence->iface, offence->src);
    return own != NULL ? &own->addr : NULL;
}

void icmp_error_send(struct net *net, const struct icmp_offence *offence,
                     const struct icmp_fault *fault, uint64_t now_ns)
{
    const struct synfin_addr *src = source_of(net, offence);
    if (src == NULL || !is_allowed(net, offence)) {
        return;
    }
    if (!icmp_limit_error(net, now_ns)) {
        report_count(net->config.report, SYNFIN_REASON_DROP_ICMP_LIMIT);
        return;
    }
    bool is_ip4 = wire_addr_is_mapped(offence->src);
    uint32_t quote_max = is_ip4 ? WIRE_ICMP4_QUOTE_MAX : WIRE_ICMP6_QUOTE_MAX;
    struct gather quote = offence->quote;
    uint32_t quote_bytes = quote.bytes < quote_max ? quote.bytes : quote_max;
    uint32_t bytes = WIRE_ICMP6_HEADER + quote_bytes;
    struct control *control = control_take(net, bytes, fault->reason, now_ns);
    if (control == NULL) {
        return;
    }
    struct net_header header = {
        .src = src,
        .dst = offence->src,
        .iface = (uint8_t)offence->iface,
        .protocol = is_ip4 ? WIRE_PROTOCOL_ICMP4 : WIRE_PROTOCOL_ICMP6,
    };
    uint8_t *p = control_payload(control);
    gather_read(&quote, p + WIRE_ICMP6_HEADER, quote_bytes);
    if (is_ip4) {
        fill4(p, bytes, fault);
    } else {
        fill6(p, bytes, fault, &header);
    }
    control_send(net, control, &header, now_ns);
}

void icmp_error_offence(const struct net_rx *rx, struct icmp_offence *offence)
{
    const struct net_datagram *out = rx->out;
    *offence = (struct icmp_offence){
        .src = &out->src,
        .dst = &out->dst,
        .transport = out->head,
        .transport_bytes = out->head_bytes,
        .iface = rx->iface,
        .protocol = out->protocol,
        .is_group = rx->is_group,
    };
    if (rx->whole != NULL) {
        const struct fragment_block *first = rx->whole->first;
        uint32_t bytes = (uint32_t)first->header_bytes + first->bytes;
        gather_of_octets(&offence->quote, first->octets, bytes);
        return;
    }
    gather_of_packet(&offence->quote, rx->packet, rx->start);
    gather_trim_right(&offence->quote, offence->quote.bytes - rx->ip_bytes);
}
