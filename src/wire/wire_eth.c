// SPDX-License-Identifier: MIT
//
// The Ethernet header.

#include "wire/wire_eth.h"

#include "base/bytes.h"
#include "wire/wire_addr.h"

// Smaller values in the type's place are the length of an IEEE 802.3 frame.
enum { TYPE_MIN = 0x0600 };

enum synfin_reason wire_eth_parse(const uint8_t *p, uint32_t head_bytes, struct wire_eth *out)
{
    if (head_bytes < WIRE_ETH_HEADER) {
        return SYNFIN_REASON_DROP_LINK_SHORT;
    }
    memcpy(out->dst.octet, p, WIRE_ETH_ADDR);
    memcpy(out->src.octet, p + 6, WIRE_ETH_ADDR);
    out->type = bytes_load16(p + 12);
    return out->type < TYPE_MIN ? SYNFIN_REASON_DROP_LINK_TYPE : SYNFIN_REASON_UNKNOWN;
}

void wire_eth_emit(uint8_t *p, const struct wire_eth *eth)
{
    memcpy(p, eth->dst.octet, WIRE_ETH_ADDR);
    memcpy(p + 6, eth->src.octet, WIRE_ETH_ADDR);
    bytes_store16(p + 12, eth->type);
}

struct wire_eth_addr wire_eth_group(const struct synfin_addr *addr)
{
    const uint8_t *last = addr->octet + 12;
    if (wire_addr_is_broadcast(addr)) {
        return (struct wire_eth_addr){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    }
    if (wire_addr_is_mapped(addr)) {
        return (struct wire_eth_addr){{0x01, 0x00, 0x5e, last[1] & 0x7f, last[2], last[3]}};
    }
    return (struct wire_eth_addr){{0x33, 0x33, last[0], last[1], last[2], last[3]}};
}
