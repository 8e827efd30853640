// SPDX-License-Identifier: MIT
//
// The questions that are asked of addresses on the way of every packet, inline: the same answers
// as their public twins in synfin/addr.h give.
#ifndef SYNFIN_BASE_ADDR_KIND_H
#define SYNFIN_BASE_ADDR_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>

// ::ffff:0:0/96, RFC 4291 §2.5.5.2. The built-in copy: a freestanding compiler may call the plain.
static inline bool addr_kind_is_ipv4(const struct synfin_addr *addr)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return __builtin_memcmp(addr->octet, mapped, sizeof mapped) == 0;
}

static inline bool addr_kind_is_equal(const struct synfin_addr *a, const struct synfin_addr *b)
{
    return __builtin_memcmp(a->octet, b->octet, sizeof a->octet) == 0;
}

#endif
