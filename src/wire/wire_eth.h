// SPDX-License-Identifier: MIT
//
// The Ethernet header (RFC 894 §1, RFC 2464 §3) and link addresses. Frames in the IEEE 802.3 form
// with a length instead of a type carry nothing that this stack speaks.
#ifndef SYNFIN_WIRE_ETH_H
#define SYNFIN_WIRE_ETH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

enum { WIRE_ETH_HEADER = 14, WIRE_ETH_ADDR = 6 };

enum { WIRE_ETH_TYPE_IP4 = 0x0800, WIRE_ETH_TYPE_ARP = 0x0806, WIRE_ETH_TYPE_IP6 = 0x86dd };

struct wire_eth_addr {
    uint8_t octet[WIRE_ETH_ADDR];
};

struct wire_eth {
    struct wire_eth_addr dst, src;
    uint16_t type; // WIRE_ETH_TYPE_* or any other from 0x0600
};

static inline bool wire_eth_addr_equal(const struct wire_eth_addr *a, const struct wire_eth_addr *b)
{
    return memcmp(a->octet, b->octet, WIRE_ETH_ADDR) == 0;
}

// Multicast or broadcast: more than one station.
static inline bool wire_eth_addr_is_group(const struct wire_eth_addr *addr)
{
    return (addr->octet[0] & 1) != 0;
}

static inline bool wire_eth_addr_is_broadcast(const struct wire_eth_addr *addr)
{
    static const struct wire_eth_addr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    return wire_eth_addr_equal(addr, &all);
}

static inline bool wire_eth_addr_is_zero(const struct wire_eth_addr *addr)
{
    static const struct wire_eth_addr zero = {{0}};
    return wire_eth_addr_equal(addr, &zero);
}

// UNKNOWN when it is well formed, else DROP_LINK_SHORT, or DROP_LINK_TYPE for a length below
// 0x0600 in the type's place. The header is the first WIRE_ETH_HEADER octets.
enum synfin_reason wire_eth_parse(const uint8_t *p, uint32_t head_bytes, struct wire_eth *out);
// Writes WIRE_ETH_HEADER octets.
void wire_eth_emit(uint8_t *p, const struct wire_eth *eth);
// The link address of a group: 01:00:5e for IPv4 (RFC 1112 §6.4), 33:33 for IPv6 (RFC 2464 §7);
// broadcast for 255.255.255.255. Only for multicast and broadcast addresses.
struct wire_eth_addr wire_eth_group(const struct synfin_addr *addr);

#endif
