// SPDX-License-Identifier: MIT
//
// The IPv4 header.

#include "wire/wire_ip4.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "wire/wire_addr.h"

// RFC 791 §3.1.
enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_RECORD_ROUTE = 7,
    OPTION_TIMESTAMP = 68,
    OPTION_LOOSE_ROUTE = 131,
    OPTION_STRICT_ROUTE = 137,
};

enum { FLAG_DONT_FRAGMENT = 0x4000, FLAG_MORE_FRAGMENTS = 0x2000, OFFSET_MASK = 0x1fff };

// The pointer of an option that routers fill: from its first slot up to just behind its end.
static bool is_pointer_sound(const uint8_t *p, uint32_t length, uint32_t first)
{
    return length >= first - 1 && p[2] >= first && p[2] <= length + 1;
}

static enum synfin_reason check_option(const uint8_t *p, uint32_t length)
{
    switch (p[0]) {
    case OPTION_LOOSE_ROUTE:
    case OPTION_STRICT_ROUTE: return SYNFIN_REASON_DROP_IP_SOURCE_ROUTE;
    case OPTION_RECORD_ROUTE:
        return is_pointer_sound(p, length, 4) ? SYNFIN_REASON_UNKNOWN
                                              : SYNFIN_REASON_DROP_IP_OPTION;
    case OPTION_TIMESTAMP:
        return is_pointer_sound(p, length, 5) ? SYNFIN_REASON_UNKNOWN
                                              : SYNFIN_REASON_DROP_IP_OPTION;
    default: return SYNFIN_REASON_UNKNOWN; // RFC 1122 §3.2.1.8: others are ignored
    }
}

// Every turn moves `at` by at least one.
// Options are skipped, except those that would route the packet: RFC 9293 §3.9.2 [MUST-50].
static enum synfin_reason check_options(const uint8_t *p, uint32_t bytes)
{
    uint32_t at = 0;
    while (at < bytes && p[at] != OPTION_END) {
        if (p[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (bytes - at < 2 || p[at + 1] < 2 || p[at + 1] > bytes - at) {
            return SYNFIN_REASON_DROP_IP_OPTION;
        }
        enum synfin_reason reason = check_option(p + at, p[at + 1]);
        if (reason != SYNFIN_REASON_UNKNOWN) {
            return reason;
        }
        at += p[at + 1];
    }
    return SYNFIN_REASON_UNKNOWN;
}

static bool is_fragment_sound(const struct wire_ip4 *ip)
{
    uint32_t payload = ip->total_bytes - ip->header_bytes;
    return !wire_ip4_is_fragment(ip)
           || (payload != 0 && (!ip->has_more_fragments || payload % 8 == 0)
               && ip->fragment_bytes + ip->total_bytes <= WIRE_IP4_BYTES_MAX);
}

static void read_header(const uint8_t *p, struct wire_ip4 *out)
{
    uint32_t fragment = bytes_load16(p + 6);
    *out = (struct wire_ip4){
        .src = wire_addr_load4(p + 12),
        .dst = wire_addr_load4(p + 16),
        .header_bytes = (p[0] & 0xfu) * 4,
        .total_bytes = bytes_load16(p + 2),
        .fragment_bytes = (fragment & OFFSET_MASK) * 8,
        .id = bytes_load16(p + 4),
        .has_more_fragments = (fragment & FLAG_MORE_FRAGMENTS) != 0,
        .has_dont_fragment = (fragment & FLAG_DONT_FRAGMENT) != 0,
        .protocol = p[9],
        .ttl = p[8],
        .traffic_class = p[1],
    };
}

enum synfin_reason wire_ip4_parse(const uint8_t *p, uint32_t head_bytes, uint32_t packet_bytes,
                                  struct wire_ip4 *out)
{
    if (packet_bytes < WIRE_IP4_HEADER) {
        return SYNFIN_REASON_DROP_IP_SHORT;
    }
    if (head_bytes < WIRE_IP4_HEADER) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    if (p[0] >> 4 != 4) {
        return SYNFIN_REASON_DROP_IP_VERSION;
    }
    uint32_t header_bytes = (p[0] & 0xfu) * 4;
    uint32_t total_bytes = bytes_load16(p + 2);
    if (header_bytes < WIRE_IP4_HEADER || header_bytes > packet_bytes) {
        return SYNFIN_REASON_DROP_IP_HEADER;
    }
    if (total_bytes < header_bytes || total_bytes > packet_bytes) {
        return SYNFIN_REASON_DROP_IP_SHORT;
    }
    if (header_bytes > head_bytes) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    read_header(p, out);
    if (checksum_of(p, header_bytes) != 0) {
        return SYNFIN_REASON_DROP_IP_CHECKSUM;
    }
    if (header_bytes > WIRE_IP4_HEADER) {
        enum synfin_reason reason =
            check_options(p + WIRE_IP4_HEADER, header_bytes - WIRE_IP4_HEADER);
        if (reason != SYNFIN_REASON_UNKNOWN) {
            return reason;
        }
    }
    return is_fragment_sound(out) ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_FRAGMENT_LENGTH;
}

static void write_checksum(uint8_t *p)
{
    bytes_store16(p + 10, 0);
    bytes_store16(p + 10, checksum_of(p, WIRE_IP4_HEADER));
}

void wire_ip4_emit(uint8_t *p, const struct wire_ip4 *ip)
{
    uint32_t flags = (ip->has_dont_fragment ? FLAG_DONT_FRAGMENT : 0u)
                     | (ip->has_more_fragments ? FLAG_MORE_FRAGMENTS : 0u);
    p[0] = 4 << 4 | WIRE_IP4_HEADER / 4;
    p[1] = ip->traffic_class;
    bytes_store16(p + 2, ip->total_bytes);
    bytes_store16(p + 4, ip->id);
    bytes_store16(p + 6, flags | ip->fragment_bytes / 8);
    p[8] = ip->ttl;
    p[9] = ip->protocol;
    wire_addr_store4(p + 12, &ip->src);
    wire_addr_store4(p + 16, &ip->dst);
    write_checksum(p);
}

void wire_ip4_set_length(uint8_t *p, uint32_t total_bytes, uint16_t id)
{
    bytes_store16(p + 2, total_bytes);
    bytes_store16(p + 4, id);
    write_checksum(p);
}
