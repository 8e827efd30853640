// SPDX-License-Identifier: MIT
//
// ARP for IPv4 over Ethernet (RFC 826), the only form this stack speaks.
#ifndef SYNFIN_WIRE_ARP_H
#define SYNFIN_WIRE_ARP_H

#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

#include "wire/wire_eth.h"

enum { WIRE_ARP_BYTES = 28 };

enum wire_arp_operation { WIRE_ARP_OPERATION_REQUEST = 1, WIRE_ARP_OPERATION_REPLY = 2 };

struct wire_arp {
    enum wire_arp_operation operation;
    struct wire_eth_addr sender_link, target_link;
    struct synfin_addr sender, target;
};

// `p` stands behind the Ethernet header. UNKNOWN when it is well formed, else DROP_ARP_INVALID:
// too short, other kinds or sizes of addresses, another operation, or a sender's link address
// that is zero or belongs to a group (RFC 1812 §3.3.2). Octets after the packet are padding.
enum synfin_reason wire_arp_parse(const uint8_t *p, uint32_t head_bytes, struct wire_arp *out);
// Writes WIRE_ARP_BYTES octets.
void wire_arp_emit(uint8_t *p, const struct wire_arp *arp);

#endif
