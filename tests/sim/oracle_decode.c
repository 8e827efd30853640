// SPDX-License-Identifier: MIT
//
// The judge's decoder; see oracle_decode.h.
#include "sim/oracle_decode.h"

#include <stddef.h>
#include <string.h>

enum {
    ETHERNET_BYTES = 14,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_IPV6 = 0x86dd,
    ARP_BYTES = 28,
    IPV4_BYTES = 20,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_DESTINATION = 60,
    CHAIN_HEADERS_MAX = 8,
    CHAIN_BYTES_MAX = 512,
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_MSS = 2,
    OPTION_WSCALE = 3,
    OPTION_SACK_PERMITTED = 4,
    OPTION_SACK = 5,
    OPTION_TIMESTAMPS = 8,
    OPTION_FASTOPEN = 34,
    OPTION_ACCECN_0 = 172,
    OPTION_ACCECN_1 = 174,
};

const char oracle_wrong_padding[] = "padding that is not zero";
const char oracle_wrong_chain[] = "a chain of extension headers that is too long or out of order";

// Words of four octets in the machine's order: the sum is the same but for the order of its own
// octets (RFC 1071 §2(B)), which is put right at the end.
uint32_t oracle_sum(const uint8_t *octets, uint32_t bytes, uint32_t sum)
{
    uint64_t total = 0;
    uint32_t i = 0;
    for (; i + 4 <= bytes; i += 4) {
        uint32_t word;
        memcpy(&word, octets + i, sizeof word);
        total += word;
    }
    if (i < bytes) {
        uint8_t rest[4] = {0};
        uint32_t word;
        memcpy(rest, octets + i, bytes - i);
        memcpy(&word, rest, sizeof word);
        total += word;
    }
    total = (total & 0xffffffff) + (total >> 32);
    total = (total & 0xffff) + ((total >> 16) & 0xffff) + (total >> 32);
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    uint16_t own = (uint16_t)total;
    uint8_t order[2];
    memcpy(order, &own, sizeof own);
    sum += oracle_get16(order);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

static uint32_t pseudo_header_sum(const struct oracle_packet *packet)
{
    uint32_t sum = packet->protocol + (packet->body_bytes >> 16) + (packet->body_bytes & 0xffff);
    const uint8_t *addresses = packet->datagram + (packet->is_v6 ? 8 : 12);
    return oracle_sum(addresses, packet->is_v6 ? 32 : 8, sum);
}

static bool is_body_sum_right(const struct oracle_packet *packet)
{
    bool has_pseudo_header = packet->is_v6 || packet->protocol == PROTOCOL_TCP;
    uint32_t sum = has_pseudo_header ? pseudo_header_sum(packet) : 0;
    return oracle_sum(packet->body, packet->body_bytes, sum) == 0xffff;
}

// A device sums from the transport header on, beginning with what the field holds.
static bool is_partial_sum_right(const struct oracle_packet *packet)
{
    return oracle_get16(packet->body + 16) == pseudo_header_sum(packet);
}

static struct synfin_addr addr_v4(const uint8_t *at)
{
    return synfin_addr_ipv4(at[0], at[1], at[2], at[3]);
}

static bool read_sack(struct oracle_packet *packet, const uint8_t *at, uint32_t bytes)
{
    if (bytes < 10 || bytes > 34 || (bytes - 2) % 8 != 0) {
        return false;
    }
    packet->sack_blocks = (uint8_t)((bytes - 2) / 8);
    for (uint32_t i = 0; i < packet->sack_blocks; i++) {
        packet->sack[i].left = oracle_get32(at + 2 + (size_t)8 * i);
        packet->sack[i].right = oracle_get32(at + 6 + (size_t)8 * i);
    }
    return true;
}

static bool read_fastopen(struct oracle_packet *packet, uint32_t bytes)
{
    packet->has_fastopen = true;
    packet->cookie_bytes = (uint8_t)(bytes - 2);
    return bytes == 2 || (bytes >= 6 && bytes <= 18 && bytes % 2 == 0);
}

// One option whose length lies within the header; false when it must not be as it is.
static bool read_option(struct oracle_packet *packet, const uint8_t *at, uint32_t bytes)
{
    switch (at[0]) {
    case OPTION_MSS: packet->mss = bytes == 4 ? oracle_get16(at + 2) : 0; return bytes == 4;
    case OPTION_WSCALE: packet->wscale = bytes == 3 ? at[2] : -1; return bytes == 3;
    case OPTION_SACK_PERMITTED: packet->has_sack_permitted = bytes == 2; return bytes == 2;
    case OPTION_SACK: return read_sack(packet, at, bytes);
    case OPTION_TIMESTAMPS:
        packet->has_timestamps = bytes == 10;
        packet->ts_val = bytes == 10 ? oracle_get32(at + 2) : 0;
        packet->ts_ecr = bytes == 10 ? oracle_get32(at + 6) : 0;
        return bytes == 10;
    case OPTION_FASTOPEN: return read_fastopen(packet, bytes);
    case OPTION_ACCECN_0:
    case OPTION_ACCECN_1: return bytes == 2 || bytes == 5 || bytes == 8 || bytes == 11;
    default: return false;
    }
}

static uint64_t bit_of_kind(uint8_t kind)
{
    return UINT64_C(1) << (kind < 40 ? kind : 63);
}

static bool is_zero(const uint8_t *at, uint32_t bytes)
{
    uint8_t all = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        all |= at[i];
    }
    return all == 0;
}

// What a stack sends has only options that it knows, each once, and zeros behind the end; of what
// arrives the unknown is passed over.
static const char *read_options(struct oracle_packet *packet, bool is_strict)
{
    const uint8_t *at = packet->body + TCP_BYTES;
    uint32_t left = packet->header_bytes - TCP_BYTES;
    uint64_t seen = 0;
    while (left > 0 && at[0] != OPTION_END) {
        uint32_t bytes = at[0] == OPTION_NOP ? 1 : left < 2 ? 0 : at[1];
        if (bytes == 0 || bytes > left || (at[0] != OPTION_NOP && bytes < 2)) {
            return "an option that does not end"; // RFC 9293 §3.1 [MUST-7]
        }
        if (at[0] != OPTION_NOP) {
            bool is_good = read_option(packet, at, bytes);
            if (is_strict && (!is_good || (seen & bit_of_kind(at[0])) != 0)) {
                return is_good ? "an option twice" : "an option that is malformed or unknown";
            }
            seen |= bit_of_kind(at[0]);
        }
        at += bytes;
        left -= bytes;
    }
    return is_strict && !is_zero(at, left) ? oracle_wrong_padding : NULL;
}

static const char *judge_flags(const struct oracle_packet *packet, bool has_bare_data)
{
    uint16_t flags = packet->flags;
    bool is_syn = (flags & ORACLE_SYN) != 0;
    if ((flags & (ORACLE_SYN | ORACLE_RST | ORACLE_ACK)) == 0) {
        return "neither SYN, RST nor ACK";
    }
    if ((is_syn && (flags & (ORACLE_FIN | ORACLE_RST)) != 0)
        || ((flags & ORACLE_RST) != 0 && ((flags & ORACLE_FIN) != 0))) {
        return "flags that exclude each other";
    }
    if ((flags & ORACLE_RST) != 0 && packet->payload_bytes > 0) {
        return "a reset with data";
    }
    if ((flags & ORACLE_ACK) == 0 && packet->ack != 0) {
        return "an acknowledgment number without ACK";
    }
    if ((flags & ORACLE_URG) == 0 && packet->urgent != 0) {
        return "an urgent pointer without URG";
    }
    if (is_syn && packet->payload_bytes > 0 && packet->cookie_bytes == 0 && !has_bare_data) {
        return "a SYN with data and no cookie";
    }
    return NULL;
}

static const char *judge_options(const struct oracle_packet *packet)
{
    bool is_syn = (packet->flags & ORACLE_SYN) != 0;
    if (!is_syn
        && (packet->mss != 0 || packet->wscale >= 0 || packet->has_sack_permitted
            || packet->has_fastopen)) {
        return "an option of SYNs only";
    }
    if (is_syn && packet->mss == 0) {
        return "a SYN without MSS";
    }
    if (is_syn && packet->sack_blocks > 0) {
        return "SACK blocks in a SYN";
    }
    return packet->wscale > 14 ? "a window scale above 14" : NULL;
}

static const char *read_tcp(struct oracle_packet *packet, const struct oracle_form *form)
{
    const uint8_t *at = packet->body;
    if (packet->body_bytes < TCP_BYTES) {
        return "a TCP header cut short";
    }
    packet->header_bytes = (uint32_t)(at[12] >> 4) * 4;
    if (packet->header_bytes < TCP_BYTES || packet->header_bytes > packet->body_bytes) {
        return "a data offset out of range";
    }
    if (form->is_partial ? !is_partial_sum_right(packet)
                         : !form->is_unverified && !is_body_sum_right(packet)) {
        return "a wrong TCP checksum";
    }
    packet->kind = ORACLE_KIND_TCP;
    packet->src_port = oracle_get16(at);
    packet->dst_port = oracle_get16(at + 2);
    packet->seq = oracle_get32(at + 4);
    packet->ack = oracle_get32(at + 8);
    packet->flags = (uint16_t)((at[12] & 1) << 8 | at[13]);
    packet->window = oracle_get16(at + 14);
    packet->urgent = oracle_get16(at + 18);
    packet->payload = at + packet->header_bytes;
    packet->payload_bytes = packet->body_bytes - packet->header_bytes;
    packet->length = packet->payload_bytes + ((packet->flags & ORACLE_SYN) != 0)
                     + ((packet->flags & ORACLE_FIN) != 0);
    const char *wrong = read_options(packet, form->is_strict);
    if (!form->is_strict || wrong != NULL) {
        return wrong;
    }
    if ((at[12] & 0x0e) != 0) {
        return "reserved bits that are not zero";
    }
    if (packet->src_port == 0 || packet->dst_port == 0) {
        return "port 0";
    }
    wrong = judge_flags(packet, form->has_bare_data);
    return wrong != NULL ? wrong : judge_options(packet);
}

static const char *read_transport(struct oracle_packet *packet, const struct oracle_form *form)
{
    uint8_t icmp = packet->is_v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
    if (packet->protocol == PROTOCOL_TCP) {
        return read_tcp(packet, form);
    }
    if (packet->protocol == icmp) {
        packet->kind = ORACLE_KIND_ICMP;
        if (packet->body_bytes < 8) {
            return "an ICMP header cut short";
        }
        return form->is_unverified || is_body_sum_right(packet) ? NULL : "a wrong ICMP checksum";
    }
    return form->is_strict ? "a protocol that nobody here speaks" : NULL;
}

static const char *read_ipv4(const uint8_t *octets, uint32_t bytes, const struct oracle_form *form,
                             struct oracle_packet *packet)
{
    uint32_t header = bytes < IPV4_BYTES ? 0 : (octets[0] & 15u) * 4;
    uint32_t total = bytes < IPV4_BYTES ? 0 : oracle_get16(octets + 2);
    if (header < IPV4_BYTES || total < header || total > bytes) {
        return "an IPv4 length that is wrong";
    }
    if (form->is_strict && (header != IPV4_BYTES || total != bytes)) {
        return "an IPv4 length that is not the packet's";
    }
    packet->datagram_bytes = total;
    packet->src = addr_v4(octets + 12);
    packet->dst = addr_v4(octets + 16);
    packet->hop_limit = octets[8];
    packet->traffic_class = octets[1];
    packet->protocol = octets[9];
    packet->body = octets + header;
    packet->body_bytes = total - header;
    if (oracle_sum(octets, header, 0) != 0xffff) {
        return "a wrong IPv4 checksum";
    }
    if (form->is_strict && ((octets[6] & 0x80) != 0 || packet->hop_limit == 0)) {
        return "an IPv4 header with a reserved bit or no time to live";
    }
    if ((octets[6] & 0x3f) != 0 || octets[7] != 0) {
        packet->kind = ORACLE_KIND_FRAGMENT;
        return NULL;
    }
    return read_transport(packet, form);
}

// RFC 8200 §4.1: hop-by-hop options come first or not at all. False when the chain must be refused.
static bool skip_extensions(struct oracle_packet *packet)
{
    uint32_t headers = 0;
    uint32_t bytes = 0;
    bool is_first = true;
    while (packet->protocol == PROTOCOL_HOP_BY_HOP || packet->protocol == PROTOCOL_ROUTING
           || packet->protocol == PROTOCOL_DESTINATION) {
        uint32_t length = packet->body_bytes < 8 ? 0 : 8 + 8 * (uint32_t)packet->body[1];
        bool is_late = packet->protocol == PROTOCOL_HOP_BY_HOP && !is_first;
        bytes += length;
        if (length == 0 || length > packet->body_bytes || is_late || ++headers > CHAIN_HEADERS_MAX
            || bytes > CHAIN_BYTES_MAX) {
            return false;
        }
        is_first = false;
        packet->protocol = packet->body[0];
        packet->body += length;
        packet->body_bytes -= length;
    }
    return true;
}

static const char *read_ipv6(const uint8_t *octets, uint32_t bytes, const struct oracle_form *form,
                             struct oracle_packet *packet)
{
    if (bytes < IPV6_BYTES || (uint32_t)IPV6_BYTES + oracle_get16(octets + 4) > bytes) {
        return "an IPv6 length that is wrong";
    }
    packet->is_v6 = true;
    packet->datagram_bytes = (uint32_t)IPV6_BYTES + oracle_get16(octets + 4);
    if (form->is_strict && packet->datagram_bytes != bytes) {
        return "an IPv6 length that is not the packet's";
    }
    memcpy(packet->src.octet, octets + 8, 16);
    memcpy(packet->dst.octet, octets + 24, 16);
    packet->hop_limit = octets[7];
    packet->traffic_class = (uint8_t)(octets[0] << 4 | octets[1] >> 4);
    packet->protocol = octets[6];
    packet->body = octets + IPV6_BYTES;
    packet->body_bytes = packet->datagram_bytes - IPV6_BYTES;
    if (form->is_strict && packet->hop_limit == 0) {
        return "an IPv6 header with a hop limit of 0";
    }
    if (!form->is_strict && !skip_extensions(packet)) {
        return oracle_wrong_chain;
    }
    if (packet->protocol == PROTOCOL_FRAGMENT) {
        packet->kind = ORACLE_KIND_FRAGMENT;
        return NULL;
    }
    return read_transport(packet, form);
}

static const char *read_datagram(const uint8_t *octets, uint32_t bytes,
                                 const struct oracle_form *form, struct oracle_packet *packet)
{
    packet->datagram = octets;
    packet->datagram_bytes = bytes;
    if (bytes > 0 && octets[0] >> 4 == 4) {
        return read_ipv4(octets, bytes, form, packet);
    }
    if (bytes > 0 && octets[0] >> 4 == 6) {
        return read_ipv6(octets, bytes, form, packet);
    }
    return "neither IPv4 nor IPv6";
}

// RFC 826: Ethernet and IPv4, a question or an answer.
static const char *read_arp(const uint8_t *at, uint32_t bytes, const struct oracle_form *form,
                            struct oracle_packet *packet)
{
    static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};
    packet->kind = ORACLE_KIND_ARP;
    packet->body = at;
    packet->body_bytes = bytes;
    if (bytes < ARP_BYTES || memcmp(at, head, sizeof head) != 0 || at[7] < 1 || at[7] > 2) {
        return "an ARP packet that is malformed";
    }
    packet->src = addr_v4(at + 14);
    packet->dst = addr_v4(at + 24);
    return form->is_strict && !is_zero(at + ARP_BYTES, bytes - ARP_BYTES) ? oracle_wrong_padding
                                                                          : NULL;
}

const char *oracle_decode(const uint8_t *octets, uint32_t bytes, const struct oracle_form *form,
                          struct oracle_packet *out)
{
    *out = (struct oracle_packet){.wscale = -1};
    if (!form->is_ethernet) {
        return read_datagram(octets, bytes, form, out);
    }
    if (bytes < ETHERNET_BYTES) {
        return "an Ethernet header cut short";
    }
    uint16_t type = oracle_get16(octets + 12);
    const uint8_t *inner = octets + ETHERNET_BYTES;
    if (type == TYPE_ARP) {
        return read_arp(inner, bytes - ETHERNET_BYTES, form, out);
    }
    const char *wrong = read_datagram(inner, bytes - ETHERNET_BYTES, form, out);
    if (type != (out->is_v6 ? TYPE_IPV6 : TYPE_IPV4)) {
        return "an Ethernet type that is not the packet's";
    }
    return wrong;
}
