// SPDX-License-Identifier: MIT
//
// Packets for people: one line that says what a packet is, and its TCP segment as a value. Both
// look at any packet, sound or not: what is wrong with it is said in the words of reason.h, and
// what can be read of it is shown. The line reads
//
//     SOURCE > DESTINATION FLAGS seq N ack N win N len N <options>
//
// for TCP, with absolute numbers; other protocols say in a few words what they ask or tell.

#include <synfin/trace.h>

#include "base/text.h"
#include "wire/wire_arp.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_nd.h"
#include "wire/wire_protocol.h"
#include "wire/wire_quote.h"
#include "wire/wire_tcp.h"

// A packet taken apart down to its transport.
struct view {
    const struct synfin_packet *packet;
    enum synfin_reason reason;    // why it could not be read down to the transport
    enum synfin_reason complaint; // what is wrong with it all the same
    uint16_t type;                // WIRE_ETH_TYPE_*, or what else the frame says
    uint32_t start;               // of the header after Ethernet's, from the packet's head
    struct synfin_addr src, dst;
    struct wire_ip6 ip6; // for neighbour discovery
    uint8_t protocol;
    bool is_fragment; // not the first: nothing of the transport is there
    uint32_t fragment_id, fragment_bytes;
    bool has_more;
    uint32_t transport, transport_bytes; // from the packet's head; as long as IP says
};

// True when `ip` was filled in.
static bool is_readable(enum synfin_reason reason)
{
    return reason == SYNFIN_REASON_UNKNOWN || reason == SYNFIN_REASON_DROP_IP_CHECKSUM
           || reason == SYNFIN_REASON_DROP_IP_OPTION || reason == SYNFIN_REASON_DROP_IP_SOURCE_ROUTE
           || reason == SYNFIN_REASON_DROP_FRAGMENT_LENGTH;
}

static void open_ip4(struct view *view)
{
    struct wire_ip4 ip;
    enum synfin_reason reason =
        wire_ip4_parse(view->packet->head + view->start, view->packet->head_bytes - view->start,
                       view->packet->bytes - view->start, &ip);
    if (!is_readable(reason)) {
        view->reason = reason;
        return;
    }
    view->complaint = reason;
    view->src = ip.src;
    view->dst = ip.dst;
    view->protocol = ip.protocol;
    view->is_fragment = ip.fragment_bytes != 0;
    view->fragment_id = ip.id;
    view->fragment_bytes = ip.fragment_bytes;
    view->has_more = ip.has_more_fragments;
    view->transport = view->start + ip.header_bytes;
    view->transport_bytes = ip.total_bytes - ip.header_bytes;
}

static void open_ip6(struct view *view)
{
    const uint8_t *p = view->packet->head + view->start;
    uint32_t head_bytes = view->packet->head_bytes - view->start;
    view->reason = wire_ip6_parse(p, head_bytes, view->packet->bytes - view->start, &view->ip6);
    if (view->reason != SYNFIN_REASON_UNKNOWN) {
        return;
    }
    view->src = view->ip6.src;
    view->dst = view->ip6.dst;
    struct wire_ip6_chain chain;
    view->reason = wire_ip6_walk(p, head_bytes, &view->ip6, &chain);
    if (view->reason != SYNFIN_REASON_UNKNOWN) {
        return;
    }
    view->protocol = chain.protocol;
    view->is_fragment = chain.is_fragment && chain.fragment.offset_bytes != 0;
    view->fragment_id = chain.fragment.id;
    view->fragment_bytes = chain.fragment.offset_bytes;
    view->has_more = chain.fragment.has_more;
    view->transport = view->start + chain.transport_start;
    view->transport_bytes = WIRE_IP6_HEADER + view->ip6.payload_bytes - chain.transport_start;
}

static uint16_t type_of_version(const struct synfin_packet *packet)
{
    if (packet->head_bytes == 0) {
        return 0;
    }
    uint8_t version = packet->head[0] >> 4;
    return version == 4 ? WIRE_ETH_TYPE_IP4 : version == 6 ? WIRE_ETH_TYPE_IP6 : 0;
}

static void open_packet(struct view *view, const struct synfin_packet *packet, bool is_ethernet)
{
    *view = (struct view){.packet = packet};
    if (is_ethernet) {
        struct wire_eth eth;
        view->reason = wire_eth_parse(packet->head, packet->head_bytes, &eth);
        if (view->reason != SYNFIN_REASON_UNKNOWN) {
            return;
        }
        view->type = eth.type;
        view->start = WIRE_ETH_HEADER;
    } else {
        view->type = type_of_version(packet);
    }
    switch (view->type) {
    case WIRE_ETH_TYPE_IP4: open_ip4(view); break;
    case WIRE_ETH_TYPE_IP6: open_ip6(view); break;
    default: break;
    }
}

static bool has_transport(const struct view *view)
{
    return view->reason == SYNFIN_REASON_UNKNOWN && view->transport != 0 && !view->is_fragment;
}

// The transport's octets that are in the packet's head.
static uint32_t transport_head_bytes(const struct view *view)
{
    uint32_t there = view->packet->head_bytes - view->transport;
    return there < view->transport_bytes ? there : view->transport_bytes;
}

static enum synfin_reason read_segment(const struct view *view, struct synfin_segment *out)
{
    struct wire_tcp tcp;
    enum synfin_reason reason =
        wire_tcp_parse(view->packet->head + view->transport, transport_head_bytes(view),
                       view->transport_bytes, &tcp);
    if (reason == SYNFIN_REASON_UNKNOWN || reason == SYNFIN_REASON_DROP_TCP_OPTION) {
        wire_tcp_describe(&tcp, &view->src, &view->dst, view->transport_bytes - tcp.header_bytes,
                          out);
    }
    return reason;
}

bool synfin_packet_segment(const struct synfin_packet *packet, bool is_ethernet,
                           struct synfin_segment *out)
{
    struct view view;
    open_packet(&view, packet, is_ethernet);
    if (!has_transport(&view) || view.protocol != WIRE_PROTOCOL_TCP) {
        return false;
    }
    enum synfin_reason reason = read_segment(&view, out);
    return reason == SYNFIN_REASON_UNKNOWN || reason == SYNFIN_REASON_DROP_TCP_OPTION;
}

static void put_number(struct text *text, const char *name, uint64_t number)
{
    text_put(text, name);
    text_put_unsigned(text, number);
}

static void put_addr(struct text *text, const struct synfin_addr *addr)
{
    char buffer[SYNFIN_ADDR_TEXT_MAX];
    text_put(text, synfin_addr_format(addr, buffer));
}

static void put_endpoint(struct text *text, const struct synfin_endpoint *endpoint)
{
    char buffer[SYNFIN_ENDPOINT_TEXT_MAX];
    text_put(text, synfin_endpoint_format(endpoint, buffer));
}

static void put_link(struct text *text, const struct wire_eth_addr *link)
{
    for (uint32_t i = 0; i < WIRE_ETH_ADDR; i++) {
        text_put(text, i == 0 ? "" : ":");
        text_put_hex(text, link->octet[i], 2);
    }
}

static void put_malformed(struct text *text, const char *what, enum synfin_reason reason)
{
    text_put(text, what);
    text_put(text, " malformed: ");
    text_put(text, synfin_reason_text(reason));
}

static void put_flags(struct text *text, uint16_t flags)
{
    static const struct {
        uint16_t flag;
        char name[4];
    } names[] = {
        {SYNFIN_TCP_SYN, "SYN"}, {SYNFIN_TCP_FIN, "FIN"}, {SYNFIN_TCP_RST, "RST"},
        {SYNFIN_TCP_PSH, "PSH"}, {SYNFIN_TCP_ACK, "ACK"}, {SYNFIN_TCP_URG, "URG"},
        {SYNFIN_TCP_ECE, "ECE"}, {SYNFIN_TCP_CWR, "CWR"}, {SYNFIN_TCP_AE, "AE"},
    };
    const char *separator = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((flags & names[i].flag) != 0) {
            text_put(text, separator);
            text_put(text, names[i].name);
            separator = ",";
        }
    }
    text_put(text, flags == 0 ? "no flags" : "");
}

// "<mss 1460, ts 1 2>", or nothing.
static void put_options(struct text *text, const struct synfin_segment *segment)
{
    const char *before = " <";
    if (segment->mss != 0) {
        text_put(text, before);
        put_number(text, "mss ", segment->mss);
        before = ", ";
    }
    if (segment->has_sack_permitted) {
        text_put(text, before);
        text_put(text, "sack permitted");
        before = ", ";
    }
    if (segment->has_timestamps) {
        text_put(text, before);
        put_number(text, "ts ", segment->ts_val);
        put_number(text, " ", segment->ts_ecr);
        before = ", ";
    }
    if (segment->wscale_shift >= 0) {
        text_put(text, before);
        put_number(text, "wscale ", (uint64_t)segment->wscale_shift);
        before = ", ";
    }
    if (segment->fastopen != SYNFIN_FASTOPEN_NONE) {
        bool is_request = segment->fastopen == SYNFIN_FASTOPEN_REQUEST;
        text_put(text, before);
        text_put(text, is_request ? "fastopen request" : "fastopen cookie");
        before = ", ";
    }
    if (segment->accecn_kind != 0) {
        bool is_order_0 = segment->accecn_kind == WIRE_ACCECN_0;
        text_put(text, before);
        text_put(text, is_order_0 ? "accecn0" : "accecn1");
        static const char *const names[] = {" e0b ", " ceb ", " e1b "};
        for (uint32_t i = 0; i < 3 && i < segment->accecn_fields; i++) {
            put_number(text, names[is_order_0 ? i : 2 - i], segment->accecn[i]);
        }
        before = ", ";
    }
    for (uint32_t i = 0; i < segment->sack_blocks; i++) {
        text_put(text, before);
        put_number(text, "sack ", segment->sack[i].left);
        put_number(text, "-", segment->sack[i].right);
        before = ", ";
    }
    text_put(text, before[0] == ',' ? ">" : "");
}

static void put_between(struct text *text, const struct view *view)
{
    put_addr(text, &view->src);
    text_put(text, " > ");
    put_addr(text, &view->dst);
    text_put(text, " ");
}

static void put_tcp(struct text *text, const struct view *view)
{
    struct synfin_segment segment;
    enum synfin_reason reason = read_segment(view, &segment);
    bool is_readable_segment =
        reason == SYNFIN_REASON_UNKNOWN || reason == SYNFIN_REASON_DROP_TCP_OPTION;
    if (!is_readable_segment) {
        put_between(text, view);
        put_malformed(text, "TCP", reason);
        return;
    }
    put_endpoint(text, &segment.src);
    text_put(text, " > ");
    put_endpoint(text, &segment.dst);
    text_put(text, " ");
    put_flags(text, segment.flags);
    put_number(text, " seq ", segment.seq);
    if ((segment.flags & SYNFIN_TCP_ACK) != 0) {
        put_number(text, " ack ", segment.ack);
    }
    put_number(text, " win ", segment.window);
    if ((segment.flags & SYNFIN_TCP_URG) != 0) {
        put_number(text, " urg ", segment.urgent);
    }
    if (segment.bytes != 0) {
        put_number(text, " len ", segment.bytes);
    }
    if (view->packet->gso_bytes != 0) {
        put_number(text, " in pieces of ", view->packet->gso_bytes);
    }
    put_options(text, &segment);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        put_malformed(text, ",", reason);
    }
}

static void put_quote(struct text *text, const struct wire_quote *quote)
{
    text_put(text, " about ");
    if (quote->has_ports) {
        put_endpoint(text, &quote->src);
        text_put(text, " > ");
        put_endpoint(text, &quote->dst);
    } else {
        put_addr(text, &quote->src.addr);
        text_put(text, " > ");
        put_addr(text, &quote->dst.addr);
    }
    if (quote->has_seq) {
        put_number(text, " seq ", quote->seq.n);
    }
}

static void put_echo(struct text *text, bool is_request, uint16_t id, uint16_t sequence)
{
    put_number(text, is_request ? "echo request id " : "echo reply id ", id);
    put_number(text, " seq ", sequence);
}

static const char *unreachable4(uint8_t code)
{
    switch (code) {
    case WIRE_ICMP4_CODE_NET: return "network unreachable";
    case WIRE_ICMP4_CODE_HOST: return "host unreachable";
    case WIRE_ICMP4_CODE_PROTOCOL: return "protocol unreachable";
    case WIRE_ICMP4_CODE_PORT: return "port unreachable";
    case WIRE_ICMP4_CODE_TOO_BIG: return "too big";
    case WIRE_ICMP4_CODE_NET_PROHIBITED:
    case WIRE_ICMP4_CODE_HOST_PROHIBITED:
    case WIRE_ICMP4_CODE_PROHIBITED: return "prohibited";
    default: return "unreachable";
    }
}

static void put_icmp4(struct text *text, const struct view *view)
{
    const uint8_t *p = view->packet->head + view->transport;
    uint32_t there = transport_head_bytes(view);
    struct wire_icmp4 icmp;
    enum synfin_reason reason = wire_icmp4_parse(p, there, view->transport_bytes, &icmp);
    text_put(text, "ICMP ");
    if (reason != SYNFIN_REASON_UNKNOWN) {
        text_put(text, synfin_reason_text(reason));
        return;
    }
    struct wire_quote quote;
    switch (icmp.type) {
    case WIRE_ICMP4_ECHO_REQUEST:
    case WIRE_ICMP4_ECHO_REPLY:
        put_echo(text, icmp.type == WIRE_ICMP4_ECHO_REQUEST, icmp.id, icmp.sequence);
        return;
    case WIRE_ICMP4_UNREACHABLE: text_put(text, unreachable4(icmp.code)); break;
    case WIRE_ICMP4_TIME_EXCEEDED: text_put(text, "time exceeded"); break;
    default: put_number(text, "parameter problem at ", icmp.pointer); break;
    }
    if (icmp.mtu != 0) {
        put_number(text, " mtu ", icmp.mtu);
    }
    if (wire_quote_parse4(p + WIRE_ICMP4_HEADER, there - WIRE_ICMP4_HEADER, &quote)
        == SYNFIN_REASON_UNKNOWN) {
        put_quote(text, &quote);
    }
}

static const char *unreachable6(uint8_t code)
{
    switch (code) {
    case WIRE_ICMP6_CODE_NO_ROUTE: return "no route";
    case WIRE_ICMP6_CODE_PROHIBITED: return "prohibited";
    case WIRE_ICMP6_CODE_SCOPE: return "beyond scope";
    case WIRE_ICMP6_CODE_ADDRESS: return "address unreachable";
    case WIRE_ICMP6_CODE_PORT: return "port unreachable";
    default: return "unreachable";
    }
}

static void put_nd(struct text *text, const struct view *view)
{
    struct wire_nd nd;
    enum synfin_reason reason =
        wire_nd_parse(view->packet->head + view->transport, transport_head_bytes(view),
                      view->transport_bytes, &view->ip6, &nd);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        put_malformed(text, "neighbour discovery", reason);
        return;
    }
    switch (nd.type) {
    case WIRE_ICMP6_ROUTER_SOLICIT: text_put(text, "asks for routers"); break;
    case WIRE_ICMP6_ROUTER_ADVERT:
        put_number(text, "router for ", nd.router_lifetime_s);
        text_put(text, " s");
        break;
    case WIRE_ICMP6_NEIGHBOUR_SOLICIT:
        text_put(text, "who has ");
        put_addr(text, &nd.target);
        break;
    default:
        put_addr(text, &nd.target);
        text_put(text, nd.has_target_link ? " is at " : " is here");
        break;
    }
    if (nd.has_target_link) {
        put_link(text, &nd.target_link);
    }
    for (uint32_t i = 0; i < nd.prefixes; i++) {
        text_put(text, ", prefix ");
        put_addr(text, &nd.prefix[i].prefix.addr);
        put_number(text, "/", nd.prefix[i].prefix.bits);
    }
    if (nd.mtu != 0) {
        put_number(text, ", mtu ", nd.mtu);
    }
    if (nd.has_source_link) {
        text_put(text, ", from ");
        put_link(text, &nd.source_link);
    }
}

static void put_error6(struct text *text, const struct wire_icmp6 *icmp)
{
    switch (icmp->type) {
    case WIRE_ICMP6_UNREACHABLE: text_put(text, unreachable6(icmp->code)); break;
    case WIRE_ICMP6_TOO_BIG: put_number(text, "too big mtu ", icmp->mtu); break;
    case WIRE_ICMP6_TIME_EXCEEDED: text_put(text, "time exceeded"); break;
    case WIRE_ICMP6_PARAMETER_PROBLEM:
        put_number(text, "parameter problem at ", icmp->pointer);
        break;
    default: text_put(text, "redirect"); break;
    }
}

static void put_icmp6(struct text *text, const struct view *view)
{
    const uint8_t *p = view->packet->head + view->transport;
    uint32_t there = transport_head_bytes(view);
    struct wire_icmp6 icmp;
    enum synfin_reason reason = wire_icmp6_parse(p, there, view->transport_bytes, &icmp);
    text_put(text, "ICMPv6 ");
    if (reason != SYNFIN_REASON_UNKNOWN) {
        text_put(text, synfin_reason_text(reason));
        return;
    }
    if (wire_icmp6_is_nd(icmp.type)) {
        put_nd(text, view);
        return;
    }
    if (icmp.type == WIRE_ICMP6_ECHO_REQUEST || icmp.type == WIRE_ICMP6_ECHO_REPLY) {
        put_echo(text, icmp.type == WIRE_ICMP6_ECHO_REQUEST, icmp.id, icmp.sequence);
        return;
    }
    put_error6(text, &icmp);
    struct wire_quote quote;
    if (wire_icmp6_is_error(icmp.type)
        && wire_quote_parse6(p + WIRE_ICMP6_HEADER, there - WIRE_ICMP6_HEADER, &quote)
               == SYNFIN_REASON_UNKNOWN) {
        put_quote(text, &quote);
    }
}

static void put_transport(struct text *text, const struct view *view)
{
    if (view->protocol == WIRE_PROTOCOL_TCP) {
        put_tcp(text, view);
        return;
    }
    put_between(text, view);
    switch (view->protocol) {
    case WIRE_PROTOCOL_ICMP4: put_icmp4(text, view); break;
    case WIRE_PROTOCOL_ICMP6: put_icmp6(text, view); break;
    case WIRE_PROTOCOL_UDP: text_put(text, "UDP"); break;
    default: put_number(text, "protocol ", view->protocol); break;
    }
    put_number(text, " len ", view->transport_bytes);
}

static void put_fragment(struct text *text, const struct view *view)
{
    put_between(text, view);
    put_number(text, "fragment of ", view->fragment_id);
    put_number(text, " at ", view->fragment_bytes);
    put_number(text, " len ", view->transport_bytes);
    text_put(text, view->has_more ? ", more follow" : ", the last");
}

static void put_arp(struct text *text, const struct view *view)
{
    struct wire_arp arp;
    enum synfin_reason reason = wire_arp_parse(view->packet->head + view->start,
                                               view->packet->head_bytes - view->start, &arp);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        put_malformed(text, "ARP", reason);
        return;
    }
    if (arp.operation == WIRE_ARP_OPERATION_REQUEST) {
        text_put(text, "ARP who has ");
        put_addr(text, &arp.target);
        text_put(text, ", tell ");
        put_addr(text, &arp.sender);
    } else {
        text_put(text, "ARP ");
        put_addr(text, &arp.sender);
    }
    text_put(text, " at ");
    put_link(text, &arp.sender_link);
}

static void put_packet(struct text *text, const struct view *view)
{
    if (view->type == WIRE_ETH_TYPE_ARP) {
        put_arp(text, view);
    } else if (view->type == WIRE_ETH_TYPE_IP4 || view->type == WIRE_ETH_TYPE_IP6) {
        if (view->reason != SYNFIN_REASON_UNKNOWN) {
            put_malformed(text, view->type == WIRE_ETH_TYPE_IP4 ? "IPv4" : "IPv6", view->reason);
        } else if (view->is_fragment) {
            put_fragment(text, view);
        } else {
            put_transport(text, view);
        }
        if (view->complaint != SYNFIN_REASON_UNKNOWN) {
            put_malformed(text, ", IPv4", view->complaint);
        }
    } else if (view->reason != SYNFIN_REASON_UNKNOWN) {
        put_malformed(text, "Ethernet", view->reason);
    } else {
        text_put(text, "protocol type 0x");
        text_put_hex(text, view->type, 4);
    }
}

size_t synfin_packet_print(const struct synfin_packet *packet, bool is_ethernet, char *text,
                           size_t capacity)
{
    struct text line;
    struct view view;
    text_init(&line, text, capacity);
    open_packet(&view, packet, is_ethernet);
    put_packet(&line, &view);
    return line.needed;
}
