// SPDX-License-Identifier: MIT
//
// The pseudo-header that TCP and ICMPv6 checksums cover: the addresses, so that a packet which
// went astray is not taken, the protocol and the length. The order of its 16-bit words does not
// matter to the sum; it comes first, so the words lie at even places.
#include "base/addr_kind.h"
#include "base/bytes.h"
#include "wire/wire_tcp.h"

static void add_addr(struct checksum *sum, const struct synfin_addr *addr, uint32_t first)
{
    for (uint32_t i = first; i < sizeof addr->octet; i += 4) {
        checksum_add_word(sum, addr->octet + i);
    }
}

void wire_pseudo_header_add(struct checksum *sum, const struct synfin_addr *src,
                            const struct synfin_addr *dst, uint8_t protocol, uint32_t bytes)
{
    uint32_t first = addr_kind_is_ipv4(dst) ? 12 : 0;
    uint8_t tail[8];
    bytes_store32(tail, bytes);
    bytes_store32(tail + 4, protocol);
    add_addr(sum, src, first);
    add_addr(sum, dst, first);
    checksum_add_word(sum, tail);
    checksum_add_word(sum, tail + 4);
}
