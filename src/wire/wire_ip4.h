// SPDX-License-Identifier: MIT
//
// The IPv4 header (RFC 791 §3.1). Options are never acted on: their lengths are proved and they
// are skipped, and packets that ask for a route are refused.
#ifndef SYNFIN_WIRE_IP4_H
#define SYNFIN_WIRE_IP4_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

enum { WIRE_IP4_HEADER = 20, WIRE_IP4_HEADER_MAX = 60, WIRE_IP4_BYTES_MAX = 65535 };

struct wire_ip4 {
    struct synfin_addr src, dst; // in the mapped form
    uint32_t header_bytes;       // 20-60, options included; not read by emit
    uint32_t total_bytes;        // header and payload; at most what was received
    uint32_t fragment_bytes;     // where the payload belongs in its datagram; a multiple of 8
    uint16_t id;
    bool has_more_fragments;
    bool has_dont_fragment;
    uint8_t protocol; // WIRE_PROTOCOL_* or any other
    uint8_t ttl;
    uint8_t traffic_class; // DSCP and ECN
};

// True for a part of a datagram.
static inline bool wire_ip4_is_fragment(const struct wire_ip4 *ip)
{
    return ip->has_more_fragments || ip->fragment_bytes != 0;
}

// Reads the header of a packet of `packet_bytes` octets, of which `head_bytes` are at `p`. Octets
// after total_bytes are the link's padding. UNKNOWN when it is well formed, else DROP_IP_SHORT,
// DROP_IP_VERSION, DROP_IP_HEADER, DROP_NOT_LINEAR, DROP_IP_CHECKSUM, DROP_IP_OPTION,
// DROP_IP_SOURCE_ROUTE, or DROP_FRAGMENT_LENGTH: an empty fragment, one that is not the last
// and no multiple of 8, or one that ends beyond 65535. From DROP_IP_CHECKSUM on `out` is filled all
// the same, for those who only show packets.
enum synfin_reason wire_ip4_parse(const uint8_t *p, uint32_t head_bytes, uint32_t packet_bytes,
                                  struct wire_ip4 *out);
// Writes a header of WIRE_IP4_HEADER octets, without options, with its checksum.
void wire_ip4_emit(uint8_t *p, const struct wire_ip4 *ip);
// Writes total length `total_bytes` and identification `id` into a header of ours and corrects
// its checksum: for splitting a super-packet.
void wire_ip4_set_length(uint8_t *p, uint32_t total_bytes, uint16_t id);

#endif
