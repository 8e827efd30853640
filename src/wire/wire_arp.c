// SPDX-License-Identifier: MIT
//
// ARP for IPv4 over Ethernet.

#include "wire/wire_arp.h"

#include "base/bytes.h"
#include "wire/wire_addr.h"

enum { HARDWARE_ETHERNET = 1 };

static bool is_ethernet_ip4(const uint8_t *p)
{
    return bytes_load16(p) == HARDWARE_ETHERNET && bytes_load16(p + 2) == WIRE_ETH_TYPE_IP4
           && p[4] == WIRE_ETH_ADDR && p[5] == 4;
}

enum synfin_reason wire_arp_parse(const uint8_t *p, uint32_t head_bytes, struct wire_arp *out)
{
    if (head_bytes < WIRE_ARP_BYTES || !is_ethernet_ip4(p)) {
        return SYNFIN_REASON_DROP_ARP_INVALID;
    }
    uint16_t operation = bytes_load16(p + 6);
    if (operation != WIRE_ARP_OPERATION_REQUEST && operation != WIRE_ARP_OPERATION_REPLY) {
        return SYNFIN_REASON_DROP_ARP_INVALID;
    }
    out->operation = (enum wire_arp_operation)operation;
    memcpy(out->sender_link.octet, p + 8, WIRE_ETH_ADDR);
    out->sender = wire_addr_load4(p + 14);
    memcpy(out->target_link.octet, p + 18, WIRE_ETH_ADDR);
    out->target = wire_addr_load4(p + 24);
    if (wire_eth_addr_is_group(&out->sender_link) || wire_eth_addr_is_zero(&out->sender_link)) {
        return SYNFIN_REASON_DROP_ARP_INVALID;
    }
    return SYNFIN_REASON_UNKNOWN;
}

void wire_arp_emit(uint8_t *p, const struct wire_arp *arp)
{
    bytes_store16(p, HARDWARE_ETHERNET);
    bytes_store16(p + 2, WIRE_ETH_TYPE_IP4);
    p[4] = WIRE_ETH_ADDR;
    p[5] = 4;
    bytes_store16(p + 6, arp->operation);
    memcpy(p + 8, arp->sender_link.octet, WIRE_ETH_ADDR);
    wire_addr_store4(p + 14, &arp->sender);
    memcpy(p + 18, arp->target_link.octet, WIRE_ETH_ADDR);
    wire_addr_store4(p + 24, &arp->target);
}
