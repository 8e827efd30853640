// SPDX-License-Identifier: MIT
//
// The IPv6 header (RFC 8200 §3) and the walk along its extension headers (RFC 8200 §4) up to the
// transport. The walk's cursor strictly grows, in 32 bits, over at most
// WIRE_IP6_CHAIN_HEADERS_MAX headers and WIRE_IP6_CHAIN_BYTES_MAX octets (RFC 8504 §5.3), and it
// never recurses.
#ifndef SYNFIN_WIRE_IP6_H
#define SYNFIN_WIRE_IP6_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

#include "wire/wire_addr.h"

enum {
    WIRE_IP6_HEADER = 40,
    WIRE_IP6_CHAIN_HEADERS_MAX = 8,
    WIRE_IP6_CHAIN_BYTES_MAX = 512,
    WIRE_IP6_FRAGMENT_HEADER = 8,
};

struct wire_ip6 {
    struct synfin_addr src, dst;
    uint32_t payload_bytes; // after the header; at most what was received
    uint32_t flow_label;    // 20 bits
    uint8_t traffic_class;  // DSCP and ECN
    uint8_t next_header;    // WIRE_PROTOCOL_* or any other
    uint8_t hop_limit;
};

// Reads the header of a packet of `packet_bytes` octets, of which `head_bytes` are at `p`. Octets
// after the payload are the link's padding. UNKNOWN when it is well formed, else DROP_IP_SHORT,
// DROP_IP_VERSION or DROP_NOT_LINEAR.
enum synfin_reason wire_ip6_parse(const uint8_t *p, uint32_t head_bytes, uint32_t packet_bytes,
                                  struct wire_ip6 *out);
// Writes WIRE_IP6_HEADER octets.
void wire_ip6_emit(uint8_t *p, const struct wire_ip6 *ip);

// An IPv4-mapped source or destination, which must not come from the wire.
static inline bool wire_ip6_has_mapped(const struct wire_ip6 *ip)
{
    return wire_addr_is_mapped(&ip->src) || wire_addr_is_mapped(&ip->dst);
}

// A fragment header (RFC 8200 §4.5).
struct wire_ip6_fragment {
    uint32_t offset_bytes; // where the payload belongs in its datagram; a multiple of 8
    uint32_t id;
    bool has_more;
    uint8_t next_header; // of the first header of the fragmentable part
};

// The Parameter Problem message that a refused packet asks for (RFC 8200 §4.2, §4.4, §4.5).
struct wire_ip6_problem {
    bool is_wanted;
    bool is_for_multicast; // to be sent even when the destination was a group (RFC 4443 §2.4 (e))
    uint8_t code;          // 0: erroneous field, 1: unknown next header, 2: unknown option
    uint32_t pointer;      // octets from the start of the walked packet
};

// Where the walk ended. Offsets count from the octet at which the walk's `p` points.
struct wire_ip6_chain {
    uint8_t protocol;         // the transport, or what else ended the walk: AH, ESP, none
    uint32_t transport_start; // where its header begins
    uint32_t named_at;        // the next-header field that says `protocol`
    // A part of a datagram: then fragment_start says where its fragment header stands, the
    // payload begins WIRE_IP6_FRAGMENT_HEADER octets later, and the first three fields say
    // something only of a first fragment. One that is the whole datagram (RFC 6946 §4) is no
    // fragment here but walked through.
    bool is_fragment;
    uint32_t fragment_start;
    uint32_t fragment_named_at; // the next-header field that says "fragment"
    struct wire_ip6_fragment fragment;
    struct wire_ip6_problem problem; // set along with a drop reason
};

// Walks a packet whose header was parsed into `ip`; `p` points to the IPv6 header. UNKNOWN when
// the walk reached an end, else DROP_IP6_EXTENSION (limits, or a length beyond the packet),
// DROP_IP6_EXTENSION_ORDER, DROP_IP6_OPTION, DROP_IP6_ROUTING, DROP_FRAGMENT_LENGTH,
// DROP_FRAGMENT_TINY (the first fragment does not hold its transport's header),
// DROP_FRAGMENT_NESTED or DROP_NOT_LINEAR.
enum synfin_reason wire_ip6_walk(const uint8_t *p, uint32_t head_bytes, const struct wire_ip6 *ip,
                                 struct wire_ip6_chain *out);
// Walks a reassembled payload of `bytes` octets at `p`, whose first header is of type
// `next_header`; named_at is UINT32_MAX when that first header is the transport's. Every
// fragment header in it is DROP_FRAGMENT_NESTED, every hop-by-hop header out of order.
enum synfin_reason wire_ip6_walk_payload(const uint8_t *p, uint32_t bytes, uint8_t next_header,
                                         struct wire_ip6_chain *out);

#endif
