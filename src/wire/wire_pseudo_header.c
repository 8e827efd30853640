// SPDX-License-Identifier: MIT
//
// The pseudo-header that TCP and ICMPv6 checksums cover: the addresses, so that a packet which
// went astray is not taken, the protocol and the length. The order of its 16-bit words does not
// matter to the sum.

#include <string.h>

#include "base/bytes.h"
#include "wire/wire_tcp.h"

void wire_pseudo_header_add(struct checksum *sum, const struct synfin_addr *src,
                            const struct synfin_addr *dst, uint8_t protocol, uint32_t bytes)
{
    uint8_t block[40];
    uint32_t addr_bytes = synfin_addr_is_ipv4(dst) ? 4 : 16;
    uint8_t *tail = block + (size_t)2 * addr_bytes;
    memcpy(block, src->octet + 16 - addr_bytes, addr_bytes);
    memcpy(block + addr_bytes, dst->octet + 16 - addr_bytes, addr_bytes);
    bytes_store32(tail, bytes);
    bytes_store32(tail + 4, protocol);
    checksum_add(sum, block, (size_t)2 * addr_bytes + 8);
}
