// SPDX-License-Identifier: MIT
//
// Marks of congestion instead of losses (RFC 3168 §5): what a router with a queue of its own would
// do. A packet that is ECN-capable and finds more than so many packets before it, or waits for
// longer than so long, or is chosen by a rule, goes on with CE in its IP header.
#include <synfin/link.h>

#include "link/link_internal.h"

enum {
    FIELD = 3,
    NOT_ECT = 0,
    CE = 3,
    IP4_CHECKSUM = 10,
    IP4_HEADER = 20,
    IP6_HEADER = 40,
    IP6_FIELD_SHIFT = 4,
};

// RFC 1624 §3, eq. 3: HC' = ~(~HC + ~m + m'), for the header's first word.
static void fix_checksum(uint8_t *ip, uint8_t old_class)
{
    uint32_t sum = (uint32_t)((ip[IP4_CHECKSUM] << 8 | ip[IP4_CHECKSUM + 1]) ^ 0xffff);
    sum += (uint32_t)((ip[0] << 8 | old_class) ^ 0xffff) + (uint32_t)(ip[0] << 8 | ip[1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ((sum & 0xffff) + (sum >> 16)) ^ 0xffff;
    ip[IP4_CHECKSUM] = (uint8_t)(sum >> 8);
    ip[IP4_CHECKSUM + 1] = (uint8_t)sum;
}

static bool mark_ip4(uint8_t *ip)
{
    uint8_t old = ip[1];
    if ((old & FIELD) == NOT_ECT || (old & FIELD) == CE) {
        return false;
    }
    ip[1] |= CE;
    fix_checksum(ip, old);
    return true;
}

static bool mark_ip6(uint8_t *ip)
{
    uint32_t field = (ip[1] >> IP6_FIELD_SHIFT) & FIELD;
    if (field == NOT_ECT || field == CE) {
        return false;
    }
    ip[1] |= CE << IP6_FIELD_SHIFT;
    return true;
}

bool link_mark(const struct link_side *side, struct link_slot *slot)
{
    uint32_t at = side->link->config.is_ethernet != 0 ? LINK_ETHERNET_BYTES : 0;
    if (slot->bytes >= at + IP4_HEADER && slot->data[at] >> 4 == 4) {
        return mark_ip4(slot->data + at);
    }
    return slot->bytes >= at + IP6_HEADER && slot->data[at] >> 4 == 6 && mark_ip6(slot->data + at);
}

// `waits_ns` for those before it, of which the first is on the line.
bool link_mark_is_due(const struct link_side *side, uint64_t waits_ns)
{
    const struct synfin_link_config *config = &side->link->config;
    bool is_long = config->mark_packets != 0 && side->line.waiting > config->mark_packets;
    return is_long || (config->mark_ns != 0 && waits_ns > config->mark_ns);
}
