// SPDX-License-Identifier: MIT
//
// An IP header (RFC 791 §3.1, RFC 8200 §3) and a TCP header (RFC 9293 §3.1), by hand.
#include "cli/lab_forge.h"

#include <string.h>

enum { IP4_HEADER = 20, IP6_HEADER = 40, TCP_HEADER = 20, TIMESTAMPS = 12, MAPPED = 12 };
enum { PROTOCOL_TCP = 6, HOP_LIMIT = 64 };

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

// The sum of RFC 1071 §1 over `bytes` octets; an odd last one counts as the high half.
static uint32_t add_octets(uint32_t sum, const uint8_t *p, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint32_t put_tcp(uint8_t *p, const struct synfin_segment *segment)
{
    uint32_t header = segment->has_timestamps != 0 ? TCP_HEADER + TIMESTAMPS : TCP_HEADER;
    memset(p, 0, header);
    put16(p, segment->src.port);
    put16(p + 2, segment->dst.port);
    put32(p + 4, segment->seq);
    put32(p + 8, segment->ack);
    p[12] = (uint8_t)(header / 4 << 4);
    p[13] = (uint8_t)segment->flags;
    put16(p + 14, segment->window);
    if (segment->has_timestamps != 0) {
        static const uint8_t kind[] = {1, 1, 8, 10}; // RFC 7323 §3.2, behind two NOPs
        memcpy(p + TCP_HEADER, kind, sizeof kind);
        put32(p + TCP_HEADER + 4, segment->ts_val);
        put32(p + TCP_HEADER + 8, segment->ts_ecr);
    }
    memset(p + header, 'x', segment->bytes);
    return header + segment->bytes;
}

// RFC 9293 §3.1: over the pseudo-header, which both IP versions give the same sum, and the segment.
static void put_tcp_checksum(uint8_t *p, uint32_t bytes, const uint8_t *addresses,
                             uint32_t addresses_bytes)
{
    uint32_t sum = add_octets(PROTOCOL_TCP + bytes, addresses, addresses_bytes);
    put16(p + 16, ~add_octets(sum, p, bytes) & 0xffff);
}

static uint32_t put_ip4(uint8_t *p, const struct synfin_segment *segment)
{
    uint32_t bytes = put_tcp(p + IP4_HEADER, segment);
    memset(p, 0, IP4_HEADER);
    p[0] = 0x45;
    put16(p + 2, IP4_HEADER + bytes);
    p[8] = HOP_LIMIT;
    p[9] = PROTOCOL_TCP;
    memcpy(p + 12, segment->src.addr.octet + MAPPED, 4);
    memcpy(p + 16, segment->dst.addr.octet + MAPPED, 4);
    put16(p + 10, ~add_octets(0, p, IP4_HEADER) & 0xffff);
    put_tcp_checksum(p + IP4_HEADER, bytes, p + 12, 8);
    return IP4_HEADER + bytes;
}

static uint32_t put_ip6(uint8_t *p, const struct synfin_segment *segment)
{
    uint32_t bytes = put_tcp(p + IP6_HEADER, segment);
    memset(p, 0, IP6_HEADER);
    p[0] = 0x60;
    put16(p + 4, bytes);
    p[6] = PROTOCOL_TCP;
    p[7] = HOP_LIMIT;
    memcpy(p + 8, segment->src.addr.octet, 16);
    memcpy(p + 24, segment->dst.addr.octet, 16);
    put_tcp_checksum(p + IP6_HEADER, bytes, p + 8, 32);
    return IP6_HEADER + bytes;
}

// IPv4 addresses stand in the mapped form, ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
static bool is_ip4(const struct synfin_addr *addr)
{
    static const uint8_t prefix[MAPPED] = {[10] = 0xff, [11] = 0xff};
    return memcmp(addr->octet, prefix, sizeof prefix) == 0;
}

uint32_t lab_forge_datagram(const struct synfin_segment *segment, uint8_t *out)
{
    struct synfin_segment cut = *segment;
    cut.bytes = cut.bytes < LAB_FORGE_PAYLOAD_MAX ? cut.bytes : LAB_FORGE_PAYLOAD_MAX;
    return is_ip4(&cut.dst.addr) ? put_ip4(out, &cut) : put_ip6(out, &cut);
}
