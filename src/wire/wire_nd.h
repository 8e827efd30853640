// SPDX-License-Identifier: MIT
//
// Neighbour discovery (RFC 4861 §4): router and neighbour solicitations and advertisements with
// the options a host uses. Parsing makes every check of RFC 4861 §6.1 and §7.1 but the checksum's,
// those on the IP header included, so that all stand in one place.
#ifndef SYNFIN_WIRE_ND_H
#define SYNFIN_WIRE_ND_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

#include "wire/wire_eth.h"
#include "wire/wire_ip6.h"

enum {
    WIRE_ND_PREFIXES_MAX = 8,
    // The longest message of ours: a solicitation or advertisement with one link address.
    WIRE_ND_EMITTED_MAX = 32,
    WIRE_ND_HOP_LIMIT = 255, // RFC 4861 §3.1
};

// A prefix information option (RFC 4861 §4.6.2).
struct wire_nd_prefix {
    struct synfin_prefix prefix; // 0-128 bits; host bits as received
    uint32_t valid_s, preferred_s;
    bool is_on_link, is_autonomous;
};

struct wire_nd {
    uint8_t type;              // WIRE_ICMP6_ROUTER_SOLICIT to WIRE_ICMP6_NEIGHBOUR_ADVERT
    struct synfin_addr target; // neighbour messages
    bool has_source_link;      // RS, NS, RA: the sender's link address
    bool has_target_link;      // NA: the target's link address
    struct wire_eth_addr source_link, target_link;
    bool is_router, is_solicited, is_override; // NA
    // RA; a value of 0 says "unspecified by this router".
    uint8_t hop_limit;
    bool is_managed, has_other_config;
    uint16_t router_lifetime_s;
    uint32_t reachable_ms, retrans_ms;
    uint32_t mtu; // the MTU option; 0 when absent
    uint8_t prefixes;
    struct wire_nd_prefix prefix[WIRE_ND_PREFIXES_MAX]; // further ones are left out
};

// Reads a message of `message_bytes` octets at `p` (the ICMPv6 header's start, all of it linear:
// else DROP_NOT_LINEAR) that came in a packet with header `ip`. UNKNOWN when it is valid, else
// DROP_ND_HOP_LIMIT, DROP_ND_INVALID, or DROP_ICMP_TYPE for a redirect and any other type.
enum synfin_reason wire_nd_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                 const struct wire_ip6 *ip, struct wire_nd *out);
// Writes a router solicitation, neighbour solicitation or neighbour advertisement with the
// checksum field 0 (wire_icmp6_set_checksum); returns its length, at most WIRE_ND_EMITTED_MAX.
uint32_t wire_nd_emit(uint8_t *p, const struct wire_nd *nd);

#endif
