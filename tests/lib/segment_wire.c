// SPDX-License-Identifier: MIT
//
// The tests' own codec of IPv4, IPv6, TCP and ICMP errors. Slow and plain on purpose.
#include "lib/segment_wire.h"

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    ICMP_HEADER = 8,
    QUOTED_BYTES = 20, // of the quoted segment: its fixed header
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_ICMP6 = 58,
    DEFAULT_HOPS = 64,
};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

// RFC 1071: the ones' complement sum, one word after the other.
static uint32_t sum_of(uint32_t sum, const uint8_t *octets, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 2) {
        sum += (uint32_t)octets[i] << 8 | (i + 1 < bytes ? octets[i + 1] : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static bool is_v4(const struct synfin_addr *addr)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(addr->octet, mapped, sizeof mapped) == 0;
}

static uint32_t transport_sum(const struct synfin_addr *src, const struct synfin_addr *dst,
                              uint8_t protocol, const uint8_t *octets, uint32_t bytes)
{
    uint32_t skip = is_v4(src) ? 12 : 0; // RFC 9293 §3.1 and RFC 8200 §8.1
    uint32_t sum = sum_of(0, src->octet + skip, 16 - skip);
    sum = sum_of(sum, dst->octet + skip, 16 - skip);
    uint8_t tail[6] = {0, protocol};
    put32(tail + 2, bytes);
    sum = sum_of(sum, tail, sizeof tail);
    return sum_of(sum, octets, bytes);
}

static void put_ip(uint8_t *out, const struct segment_wire *segment, uint8_t protocol,
                   uint32_t payload_bytes)
{
    uint8_t hops = segment->hop_limit != 0 ? segment->hop_limit : DEFAULT_HOPS;
    if (is_v4(&segment->src)) {
        memset(out, 0, IPV4_HEADER);
        out[0] = 0x45;
        out[1] = segment->traffic_class;
        put16(out + 2, IPV4_HEADER + payload_bytes);
        put16(out + 6, 0x4000); // DF
        out[8] = hops;
        out[9] = protocol;
        memcpy(out + 12, segment->src.octet + 12, 4);
        memcpy(out + 16, segment->dst.octet + 12, 4);
        put16(out + 10, ~sum_of(0, out, IPV4_HEADER) & 0xffff);
    } else {
        put32(out, UINT32_C(6) << 28 | (uint32_t)segment->traffic_class << 20);
        put16(out + 4, payload_bytes);
        out[6] = protocol;
        out[7] = hops;
        memcpy(out + 8, segment->src.octet, 16);
        memcpy(out + 24, segment->dst.octet, 16);
    }
}

static uint32_t put_option(uint8_t *out, uint32_t at, uint8_t kind, uint8_t length, uint32_t value)
{
    out[at] = kind;
    out[at + 1] = length;
    for (uint32_t i = 2; i < length; i++) {
        out[at + i] = (uint8_t)(value >> 8 * (length - 1 - i));
    }
    return at + length;
}

static uint32_t put_options(const struct segment_wire *segment, uint8_t *out)
{
    uint32_t at = 0;
    if (segment->mss != 0) {
        at = put_option(out, at, 2, 4, segment->mss);
    }
    if (segment->wscale >= 0) {
        at = put_option(out, at, 3, 3, (uint32_t)segment->wscale);
    }
    if (segment->sack_permitted) {
        at = put_option(out, at, 4, 2, 0);
    }
    if (segment->has_timestamps) {
        at = put_option(out, at, 8, 6, segment->ts_val);
        out[at - 5] = 10;
        put32(out + at, segment->ts_ecr);
        at += 4;
    }
    if (segment->sack_blocks > 0) {
        out[at] = 5;
        out[at + 1] = (uint8_t)(2 + 8 * segment->sack_blocks);
        at += 2;
        for (uint32_t i = 0; i < segment->sack_blocks; i++, at += 8) {
            put32(out + at, segment->sack[i].left);
            put32(out + at + 4, segment->sack[i].right);
        }
    }
    if (segment->fastopen.is_set && segment->fastopen.is_experimental) {
        at = put_option(out, at, 254, 4, 0xf989);
        out[at - 3] = (uint8_t)(4 + segment->fastopen.bytes);
        memcpy(out + at, segment->fastopen.octets, segment->fastopen.bytes);
        at += segment->fastopen.bytes;
    } else if (segment->fastopen.is_set) {
        at = put_option(out, at, 34, 2, 0);
        out[at - 1] = (uint8_t)(2 + segment->fastopen.bytes);
        memcpy(out + at, segment->fastopen.octets, segment->fastopen.bytes);
        at += segment->fastopen.bytes;
    }
    if (segment->accecn.kind != 0) {
        at = put_option(out, at, segment->accecn.kind, 2, 0);
        out[at - 1] = (uint8_t)(2 + 3 * segment->accecn.fields);
        for (uint32_t i = 0; i < segment->accecn.fields; i++, at += 3) {
            out[at] = (uint8_t)(segment->accecn.field[i] >> 16);
            put16(out + at + 1, segment->accecn.field[i] & 0xffff);
        }
    }
    memcpy(out + at, segment->extra, segment->extra_bytes);
    at += segment->extra_bytes;
    while (at % 4 != 0) {
        out[at++] = 0;
    }
    return at;
}

static uint32_t put_tcp(const struct segment_wire *segment, uint8_t *tcp)
{
    memset(tcp, 0, TCP_HEADER);
    put16(tcp, segment->src_port);
    put16(tcp + 2, segment->dst_port);
    put32(tcp + 4, segment->seq);
    put32(tcp + 8, segment->ack);
    uint32_t header = TCP_HEADER + put_options(segment, tcp + TCP_HEADER);
    put16(tcp + 12, header / 4 << 12 | segment->flags);
    put16(tcp + 14, segment->window);
    put16(tcp + 18, segment->urgent);
    if (segment->payload_bytes > 0) {
        memcpy(tcp + header, segment->payload, segment->payload_bytes);
    }
    uint32_t bytes = header + segment->payload_bytes;
    uint32_t sum = transport_sum(&segment->src, &segment->dst, PROTOCOL_TCP, tcp, bytes);
    put16(tcp + 16, (~sum ^ (segment->has_bad_checksum ? 0x0100 : 0)) & 0xffff);
    return bytes;
}

uint32_t segment_wire_build(const struct segment_wire *segment, uint8_t *out)
{
    uint32_t ip = is_v4(&segment->src) ? IPV4_HEADER : IPV6_HEADER;
    uint32_t bytes = put_tcp(segment, out + ip);
    put_ip(out, segment, PROTOCOL_TCP, bytes);
    return ip + bytes;
}

// RFC 792 and RFC 4443 §3: the header of the packet that caused it, and what follows.
uint32_t segment_wire_build_icmp(const struct synfin_addr *router, const struct segment_wire *sent,
                                 const uint8_t type_code[2], uint32_t rest, uint8_t *out)
{
    bool v4 = is_v4(&sent->src);
    uint32_t ip = v4 ? IPV4_HEADER : IPV6_HEADER;
    uint8_t protocol = v4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
    struct segment_wire carrier = {.src = *router, .dst = sent->src};
    uint8_t *icmp = out + ip;
    uint8_t quoted[SEGMENT_OPTIONS_MAX + 128];
    struct segment_wire quote = *sent;
    quote.payload_bytes = 0;
    (void)segment_wire_build(&quote, quoted);
    icmp[0] = type_code[0];
    icmp[1] = type_code[1];
    put16(icmp + 2, 0);
    put32(icmp + 4, rest);
    memcpy(icmp + ICMP_HEADER, quoted, ip + QUOTED_BYTES);
    uint32_t bytes = ICMP_HEADER + ip + QUOTED_BYTES;
    uint32_t sum = v4 ? sum_of(0, icmp, bytes)
                      : transport_sum(&carrier.src, &carrier.dst, protocol, icmp, bytes);
    put16(icmp + 2, ~sum & 0xffff);
    put_ip(out, &carrier, protocol, bytes);
    return ip + bytes;
}

bool segment_wire_is_tcp(const uint8_t *octets, uint32_t bytes)
{
    if (bytes >= IPV4_HEADER && octets[0] >> 4 == 4) {
        return octets[9] == PROTOCOL_TCP;
    }
    return bytes >= IPV6_HEADER && octets[0] >> 4 == 6 && octets[6] == PROTOCOL_TCP;
}

static const char *parse_v4(const uint8_t *ip, uint32_t bytes, struct segment_wire *out)
{
    static const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (ip[0] != 0x45 || get16(ip + 2) != bytes) {
        return "IPv4: header length or total length";
    }
    if (sum_of(0, ip, IPV4_HEADER) != 0xffff) {
        return "IPv4: header checksum";
    }
    if (get16(ip + 6) != 0x4000) {
        return "IPv4: a fragment, or without DF";
    }
    out->traffic_class = ip[1];
    out->hop_limit = ip[8];
    memcpy(out->src.octet, mapped, 16);
    memcpy(out->dst.octet, mapped, 16);
    memcpy(out->src.octet + 12, ip + 12, 4);
    memcpy(out->dst.octet + 12, ip + 16, 4);
    return NULL;
}

static const char *parse_v6(const uint8_t *ip, uint32_t bytes, struct segment_wire *out)
{
    if (get16(ip + 4) != bytes - IPV6_HEADER) {
        return "IPv6: payload length";
    }
    out->traffic_class = (uint8_t)(get32(ip) >> 20);
    out->hop_limit = ip[7];
    memcpy(out->src.octet, ip + 8, 16);
    memcpy(out->dst.octet, ip + 24, 16);
    return NULL;
}

static bool take_sack(const uint8_t *option, uint32_t length, struct segment_wire *out)
{
    out->sack_blocks = (uint8_t)((length - 2) / 8);
    for (uint32_t i = 0; i < out->sack_blocks; i++) {
        out->sack[i].left = get32(option + 2 + 8 * i);
        out->sack[i].right = get32(option + 6 + 8 * i);
    }
    return length > 2 && (length - 2) % 8 == 0;
}

// RFC 7413 §4.1.1.
static bool take_cookie(const uint8_t *option, uint32_t length, struct segment_wire *out)
{
    bool is_good = length == 2 || (length >= 6 && length <= 18 && length % 2 == 0);
    if (is_good) {
        out->fastopen.is_set = true;
        out->fastopen.bytes = (uint8_t)(length - 2);
        memcpy(out->fastopen.octets, option + 2, length - 2);
    }
    return is_good;
}

// RFC 6994: the experiment's number, and what follows it.
static bool take_experiment(const uint8_t *option, uint32_t length, struct segment_wire *out)
{
    bool is_good = (length == 4 || (length >= 8 && length <= 20 && length % 2 == 0))
                   && option[2] == 0xf9 && option[3] == 0x89;
    if (is_good) {
        out->fastopen.is_set = out->fastopen.is_experimental = true;
        out->fastopen.bytes = (uint8_t)(length - 4);
        memcpy(out->fastopen.octets, option + 4, length - 4);
    }
    return is_good;
}

// RFC 9768 §3.2.3: two or three counters is what the library sends.
static bool take_accecn(const uint8_t *option, uint32_t length, struct segment_wire *out)
{
    out->accecn.kind = option[0];
    out->accecn.fields = (uint8_t)((length - 2) / 3);
    for (uint32_t i = 0; i < out->accecn.fields && i < 3; i++) {
        out->accecn.field[i] = (uint32_t)option[2 + 3 * i] << 16 | get16(option + 3 + 3 * i);
    }
    return length == 8 || length == 11;
}

static bool take_option(const uint8_t *option, uint32_t length, struct segment_wire *out)
{
    switch (option[0]) {
    case 2: out->mss = (uint16_t)get16(option + 2); return length == 4;
    case 3: out->wscale = option[2]; return length == 3;
    case 4: out->sack_permitted = true; return length == 2;
    case 5: return take_sack(option, length, out);
    case 8:
        out->has_timestamps = true;
        out->ts_val = get32(option + 2);
        out->ts_ecr = get32(option + 6);
        return length == 10;
    case 34: return take_cookie(option, length, out);
    case 254: return take_experiment(option, length, out);
    case 172:
    case 174: return take_accecn(option, length, out);
    default: return false; // the library sends no other
    }
}

static const char *parse_options(const uint8_t *option, uint32_t bytes, struct segment_wire *out)
{
    uint32_t at = 0;
    while (at < bytes && option[at] != 0) {
        if (option[at] == 1) {
            at++;
            continue;
        }
        if (at + 1 >= bytes || option[at + 1] < 2 || at + option[at + 1] > bytes) {
            return "TCP: an option's length";
        }
        if (!take_option(option + at, option[at + 1], out)) {
            return "TCP: an option of unknown kind or wrong length";
        }
        at += option[at + 1];
    }
    for (; at < bytes; at++) {
        if (option[at] != 0) {
            return "TCP: padding is not zero"; // RFC 9293 §3.1 [MUST-69]
        }
    }
    return NULL;
}

static const char *parse_tcp(const uint8_t *tcp, uint32_t bytes, struct segment_wire *out)
{
    uint32_t header = bytes >= TCP_HEADER ? (uint32_t)(tcp[12] >> 4) * 4 : 0;
    if (header < TCP_HEADER || header > bytes) {
        return "TCP: data offset";
    }
    if (transport_sum(&out->src, &out->dst, PROTOCOL_TCP, tcp, bytes) != 0xffff) {
        return "TCP: checksum";
    }
    if ((tcp[12] & 0x0e) != 0) {
        return "TCP: reserved bits are set";
    }
    out->src_port = (uint16_t)get16(tcp);
    out->dst_port = (uint16_t)get16(tcp + 2);
    out->seq = get32(tcp + 4);
    out->ack = get32(tcp + 8);
    out->flags = (uint16_t)(get16(tcp + 12) & 0x1ff);
    out->window = (uint16_t)get16(tcp + 14);
    out->urgent = (uint16_t)get16(tcp + 18);
    out->payload = tcp + header;
    out->payload_bytes = bytes - header;
    if (out->src_port == 0 || out->dst_port == 0) {
        return "TCP: port 0";
    }
    if ((out->flags & 0x10) == 0 && out->ack != 0) {
        return "TCP: acknowledgment number without ACK";
    }
    return parse_options(tcp + TCP_HEADER, header - TCP_HEADER, out);
}

const char *segment_wire_parse(const uint8_t *octets, uint32_t bytes, struct segment_wire *out)
{
    memset(out, 0, sizeof *out);
    out->wscale = -1;
    if (!segment_wire_is_tcp(octets, bytes)) {
        return "not a TCP packet";
    }
    bool v4 = octets[0] >> 4 == 4;
    uint32_t ip = v4 ? IPV4_HEADER : IPV6_HEADER;
    const char *wrong = v4 ? parse_v4(octets, bytes, out) : parse_v6(octets, bytes, out);
    return wrong != NULL ? wrong : parse_tcp(octets + ip, bytes - ip, out);
}
