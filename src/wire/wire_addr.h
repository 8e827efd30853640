// SPDX-License-Identifier: MIT
//
// What kind of address it is, told from its octets alone, and the passage of IPv4 addresses
// between the wire's four octets and the mapped form of <synfin/addr.h>. Which kinds are refused
// where is decided in src/net.
#ifndef SYNFIN_WIRE_ADDR_H
#define SYNFIN_WIRE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <synfin/addr.h>

#include "base/bytes.h"

static inline struct synfin_addr wire_addr_load4(const uint8_t *p)
{
    struct synfin_addr addr = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, p[0], p[1], p[2], p[3]}};
    return addr;
}

static inline void wire_addr_store4(uint8_t *p, const struct synfin_addr *addr)
{
    memcpy(p, addr->octet + 12, 4);
}

static inline struct synfin_addr wire_addr_load6(const uint8_t *p)
{
    struct synfin_addr addr;
    memcpy(addr.octet, p, sizeof(addr.octet));
    return addr;
}

static inline void wire_addr_store6(uint8_t *p, const struct synfin_addr *addr)
{
    memcpy(p, addr->octet, sizeof(addr->octet));
}

// The form ::ffff:0:0/96: in memory every IPv4 address; on the wire, inside an IPv6 header,
// a forgery (RFC 4942 §2.2).
static inline bool wire_addr_is_mapped(const struct synfin_addr *addr)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(addr->octet, prefix, sizeof(prefix)) == 0;
}

// ff00::/8 or 224.0.0.0/4 (RFC 4291 §2.7, RFC 1112 §4).
static inline bool wire_addr_is_multicast(const struct synfin_addr *addr)
{
    return addr->octet[0] == 0xff || (wire_addr_is_mapped(addr) && addr->octet[12] >> 4 == 0xe);
}

// ::1 or 127.0.0.0/8 (RFC 4291 §2.5.3, RFC 1122 §3.2.1.3).
static inline bool wire_addr_is_loopback(const struct synfin_addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};
    return wire_addr_is_mapped(addr) ? addr->octet[12] == 127
                                     : memcmp(addr->octet, one, sizeof(one)) == 0;
}

// 255.255.255.255; directed broadcasts need the interface's prefix.
static inline bool wire_addr_is_broadcast(const struct synfin_addr *addr)
{
    return wire_addr_is_mapped(addr) && bytes_load32(addr->octet + 12) == 0xffffffff;
}

// 240.0.0.0/4, the limited broadcast included (RFC 1112 §4).
static inline bool wire_addr_is_reserved4(const struct synfin_addr *addr)
{
    return wire_addr_is_mapped(addr) && addr->octet[12] >= 240;
}

// 0.0.0.0/8: this network, no source beyond a host's first message (RFC 1122 §3.2.1.3).
static inline bool wire_addr_is_this_network4(const struct synfin_addr *addr)
{
    return wire_addr_is_mapped(addr) && addr->octet[12] == 0;
}

// fe80::/10 or 169.254.0.0/16 (RFC 4291 §2.5.6, RFC 3927 §2.1).
static inline bool wire_addr_is_link_local(const struct synfin_addr *addr)
{
    if (wire_addr_is_mapped(addr)) {
        return addr->octet[12] == 169 && addr->octet[13] == 254;
    }
    return addr->octet[0] == 0xfe && (addr->octet[1] & 0xc0) == 0x80;
}

// The group on which the owner of `addr` hears solicitations: ff02::1:ffXX:XXXX
// (RFC 4291 §2.7.1).
static inline struct synfin_addr wire_addr_solicited_node(const struct synfin_addr *addr)
{
    struct synfin_addr group = {{0xff, 0x02, [11] = 0x01, [12] = 0xff}};
    memcpy(group.octet + 13, addr->octet + 13, 3);
    return group;
}

#endif
