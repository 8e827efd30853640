// SPDX-License-Identifier: MIT
//
// Neighbour discovery. A message is read in three steps: its fixed part, its options, and the
// checks that need both and the IP header.

#include "wire/wire_nd.h"

#include "base/addr_kind.h"
#include "base/bytes.h"
#include "wire/wire_addr.h"
#include "wire/wire_icmp6.h"

// RFC 4861 §4.6.
enum { OPTION_SOURCE_LINK = 1, OPTION_TARGET_LINK = 2, OPTION_PREFIX = 3, OPTION_MTU = 5 };
// The length of each in units of 8 octets; link addresses are Ethernet's.
enum { UNIT = 8, UNITS_LINK = 1, UNITS_PREFIX = 4, UNITS_MTU = 1 };
// The fixed parts, RFC 4861 §4.1 to §4.4.
enum { BYTES_ROUTER_SOLICIT = 8, BYTES_ROUTER_ADVERT = 16, BYTES_NEIGHBOUR = 24, TARGET_AT = 8 };

enum { FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20 };
enum { FLAG_MANAGED = 0x80, FLAG_OTHER_CONFIG = 0x40 };
enum { FLAG_ON_LINK = 0x80, FLAG_AUTONOMOUS = 0x40 };

static uint32_t fixed_bytes(uint8_t type)
{
    switch (type) {
    case WIRE_ICMP6_ROUTER_SOLICIT: return BYTES_ROUTER_SOLICIT;
    case WIRE_ICMP6_ROUTER_ADVERT: return BYTES_ROUTER_ADVERT;
    default: return BYTES_NEIGHBOUR;
    }
}

static void read_fixed(const uint8_t *p, struct wire_nd *out)
{
    *out = (struct wire_nd){.type = p[0]};
    switch (out->type) {
    case WIRE_ICMP6_ROUTER_SOLICIT: break;
    case WIRE_ICMP6_ROUTER_ADVERT:
        out->hop_limit = p[4];
        out->is_managed = (p[5] & FLAG_MANAGED) != 0;
        out->has_other_config = (p[5] & FLAG_OTHER_CONFIG) != 0;
        out->router_lifetime_s = bytes_load16(p + 6);
        out->reachable_ms = bytes_load32(p + 8);
        out->retrans_ms = bytes_load32(p + 12);
        break;
    case WIRE_ICMP6_NEIGHBOUR_ADVERT:
        out->is_router = (p[4] & FLAG_ROUTER) != 0;
        out->is_solicited = (p[4] & FLAG_SOLICITED) != 0;
        out->is_override = (p[4] & FLAG_OVERRIDE) != 0;
        out->target = wire_addr_load6(p + TARGET_AT);
        break;
    default: out->target = wire_addr_load6(p + TARGET_AT); break;
    }
}

// The first of its kind counts. A link address that is no single station's is none.
static bool read_link(const uint8_t *p, uint32_t units, bool *has, struct wire_eth_addr *link)
{
    if (units != UNITS_LINK) {
        return false;
    }
    if (!*has) {
        memcpy(link->octet, p + 2, WIRE_ETH_ADDR);
        *has = true;
    }
    return !wire_eth_addr_is_group(link) && !wire_eth_addr_is_zero(link);
}

static bool read_prefix(const uint8_t *p, uint32_t units, struct wire_nd *out)
{
    if (units != UNITS_PREFIX || p[2] > 128) {
        return false;
    }
    struct wire_nd_prefix prefix = {
        .prefix = {.addr = wire_addr_load6(p + 16), .bits = p[2]},
        .valid_s = bytes_load32(p + 4),
        .preferred_s = bytes_load32(p + 8),
        .is_on_link = (p[3] & FLAG_ON_LINK) != 0,
        .is_autonomous = (p[3] & FLAG_AUTONOMOUS) != 0,
    };
    // In memory that form means IPv4, which a router advertisement has no say in.
    if (wire_addr_is_mapped(&prefix.prefix.addr)) {
        return false;
    }
    if (out->prefixes < WIRE_ND_PREFIXES_MAX) {
        out->prefix[out->prefixes++] = prefix;
    }
    return true;
}

static bool read_router_option(const uint8_t *p, uint32_t units, struct wire_nd *out)
{
    switch (p[0]) {
    case OPTION_SOURCE_LINK: return read_link(p, units, &out->has_source_link, &out->source_link);
    case OPTION_PREFIX: return read_prefix(p, units, out);
    case OPTION_MTU: out->mtu = units == UNITS_MTU ? bytes_load32(p + 4) : 0; return units == 1;
    default: return true;
    }
}

// One option of `units` times 8 octets. Options that the message is not defined to carry are
// passed over (RFC 4861 §4.6).
static bool read_option(const uint8_t *p, uint32_t units, struct wire_nd *out)
{
    if (out->type == WIRE_ICMP6_ROUTER_ADVERT) {
        return read_router_option(p, units, out);
    }
    if (out->type == WIRE_ICMP6_NEIGHBOUR_ADVERT) {
        return p[0] != OPTION_TARGET_LINK
               || read_link(p, units, &out->has_target_link, &out->target_link);
    }
    return p[0] != OPTION_SOURCE_LINK
           || read_link(p, units, &out->has_source_link, &out->source_link);
}

// False when one of them has length 0 or passes the end: then the whole message is invalid
// (RFC 4861 §6.1, §7.1). Every turn moves `at` by at least 8.
static bool read_options(const uint8_t *p, uint32_t at, uint32_t end, struct wire_nd *out)
{
    while (at < end) {
        if (end - at < UNIT) {
            return false;
        }
        uint32_t units = p[at + 1];
        if (units == 0 || units * UNIT > end - at || !read_option(p + at, units, out)) {
            return false;
        }
        at += units * UNIT;
    }
    return true;
}

static bool is_solicited_node(const struct synfin_addr *addr)
{
    struct synfin_addr group = wire_addr_solicited_node(addr);
    return addr_kind_is_equal(addr, &group);
}

// A target must be one node's, and never what stands for IPv4 in memory.
static bool is_target_sound(const struct synfin_addr *target)
{
    return !wire_addr_is_multicast(target) && !wire_addr_is_mapped(target)
           && !synfin_addr_is_unspecified(target);
}

static bool is_valid(const struct wire_nd *nd, const struct wire_ip6 *ip)
{
    bool is_unspecified = synfin_addr_is_unspecified(&ip->src);
    switch (nd->type) {
    case WIRE_ICMP6_ROUTER_SOLICIT: return !is_unspecified || !nd->has_source_link;
    case WIRE_ICMP6_ROUTER_ADVERT: return wire_addr_is_link_local(&ip->src);
    case WIRE_ICMP6_NEIGHBOUR_SOLICIT:
        return is_target_sound(&nd->target)
               && (!is_unspecified || (is_solicited_node(&ip->dst) && !nd->has_source_link));
    default:
        return is_target_sound(&nd->target)
               && (!wire_addr_is_multicast(&ip->dst) || !nd->is_solicited);
    }
}

enum synfin_reason wire_nd_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                 const struct wire_ip6 *ip, struct wire_nd *out)
{
    if (message_bytes < WIRE_ICMP6_HEADER) {
        return SYNFIN_REASON_DROP_ND_INVALID;
    }
    if (head_bytes < message_bytes) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    if (!wire_icmp6_is_nd(p[0])) {
        return SYNFIN_REASON_DROP_ICMP_TYPE;
    }
    if (ip->hop_limit != WIRE_ND_HOP_LIMIT) {
        return SYNFIN_REASON_DROP_ND_HOP_LIMIT;
    }
    uint32_t fixed = fixed_bytes(p[0]);
    if (p[1] != 0 || message_bytes < fixed) {
        return SYNFIN_REASON_DROP_ND_INVALID;
    }
    read_fixed(p, out);
    if (!read_options(p, fixed, message_bytes, out) || !is_valid(out, ip)) {
        return SYNFIN_REASON_DROP_ND_INVALID;
    }
    return SYNFIN_REASON_UNKNOWN;
}

static uint32_t write_link(uint8_t *p, uint8_t kind, const struct wire_eth_addr *link)
{
    p[0] = kind;
    p[1] = UNITS_LINK;
    memcpy(p + 2, link->octet, WIRE_ETH_ADDR);
    return UNIT;
}

uint32_t wire_nd_emit(uint8_t *p, const struct wire_nd *nd)
{
    uint32_t bytes = fixed_bytes(nd->type);
    p[0] = nd->type;
    p[1] = 0;
    bytes_store16(p + 2, 0);
    bytes_store32(p + 4, 0);
    if (bytes == BYTES_NEIGHBOUR) {
        wire_addr_store6(p + TARGET_AT, &nd->target);
    }
    if (nd->type == WIRE_ICMP6_NEIGHBOUR_ADVERT) {
        p[4] = (uint8_t)((nd->is_router ? FLAG_ROUTER : 0) | (nd->is_solicited ? FLAG_SOLICITED : 0)
                         | (nd->is_override ? FLAG_OVERRIDE : 0));
        bytes +=
            nd->has_target_link ? write_link(p + bytes, OPTION_TARGET_LINK, &nd->target_link) : 0;
    } else {
        bytes +=
            nd->has_source_link ? write_link(p + bytes, OPTION_SOURCE_LINK, &nd->source_link) : 0;
    }
    return bytes;
}
