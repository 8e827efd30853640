// SPDX-License-Identifier: MIT
//
// Questions about addresses and prefixes in their 16-octet form (synfin/addr.h).
#include "base/addr_kind.h"
#include "base/bytes.h"

#include <string.h>

enum { MAPPED_OCTETS = 12 }; // of ::ffff:0:0/96

struct synfin_addr synfin_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct synfin_addr){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
}

bool synfin_addr_is_ipv4(const struct synfin_addr *addr)
{
    return addr_kind_is_ipv4(addr);
}

bool synfin_addr_is_unspecified(const struct synfin_addr *addr)
{
    static const struct synfin_addr ipv6;
    static const struct synfin_addr ipv4 = {{[10] = 0xff, [11] = 0xff}};
    return addr_kind_is_equal(addr, &ipv6) || addr_kind_is_equal(addr, &ipv4);
}

bool synfin_addr_equal(const struct synfin_addr *a, const struct synfin_addr *b)
{
    return addr_kind_is_equal(a, b);
}

static bool contains_ipv4(const struct synfin_prefix *prefix, const struct synfin_addr *addr)
{
    uint32_t ours = bytes_load32(prefix->addr.octet + MAPPED_OCTETS);
    uint32_t differs = ours ^ bytes_load32(addr->octet + MAPPED_OCTETS);
    uint32_t bits = prefix->bits;
    return bits == 0 || (bits <= 32 && differs >> (32 - bits) == 0);
}

bool synfin_prefix_contains(const struct synfin_prefix *prefix, const struct synfin_addr *addr)
{
    bool is_ipv4 = addr_kind_is_ipv4(&prefix->addr);
    if (is_ipv4 != addr_kind_is_ipv4(addr)) {
        return false;
    }
    if (is_ipv4) {
        return contains_ipv4(prefix, addr);
    }
    uint32_t bits = prefix->bits;
    if (bits > 8U * sizeof addr->octet) {
        return false;
    }
    uint32_t octets = bits / 8;
    if (memcmp(prefix->addr.octet, addr->octet, octets) != 0) {
        return false;
    }
    uint32_t rest = bits % 8;
    return rest == 0 || ((prefix->addr.octet[octets] ^ addr->octet[octets]) >> (8 - rest)) == 0;
}
