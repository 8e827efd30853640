// SPDX-License-Identifier: MIT
//
// Quoted packets of ICMP errors.

#include "wire/wire_quote.h"

#include "base/bytes.h"
#include "wire/wire_addr.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"

// Ports and, for TCP, the sequence number: the first 8 octets, all that RFC 792 §1 promises.
static void read_transport(const uint8_t *p, uint32_t bytes, struct wire_quote *out)
{
    bool is_tcp = out->protocol == WIRE_PROTOCOL_TCP;
    if ((is_tcp || out->protocol == WIRE_PROTOCOL_UDP) && bytes >= 4) {
        out->has_ports = true;
        out->src.port = bytes_load16(p);
        out->dst.port = bytes_load16(p + 2);
    }
    if (is_tcp && bytes >= 8) {
        out->has_seq = true;
        out->seq = seq_make(bytes_load32(p + 4));
    }
}

enum synfin_reason wire_quote_parse4(const uint8_t *p, uint32_t bytes, struct wire_quote *out)
{
    if (bytes < WIRE_IP4_HEADER || p[0] >> 4 != 4) {
        return SYNFIN_REASON_DROP_ICMP_QUOTE;
    }
    uint32_t header_bytes = (p[0] & 0xfu) * 4;
    uint32_t packet_bytes = bytes_load16(p + 2);
    bool is_first = (bytes_load16(p + 6) & 0x1fff) == 0;
    if (header_bytes < WIRE_IP4_HEADER || header_bytes > bytes || packet_bytes < header_bytes
        || !is_first) {
        return SYNFIN_REASON_DROP_ICMP_QUOTE;
    }
    // The header checksum is not looked at: routers quote with it corrected, stale or zero.
    *out = (struct wire_quote){
        .src = {.addr = wire_addr_load4(p + 12)},
        .dst = {.addr = wire_addr_load4(p + 16)},
        .packet_bytes = packet_bytes,
        .protocol = p[9],
    };
    uint32_t end = packet_bytes < bytes ? packet_bytes : bytes;
    read_transport(p + header_bytes, end - header_bytes, out);
    return SYNFIN_REASON_UNKNOWN;
}

enum synfin_reason wire_quote_parse6(const uint8_t *p, uint32_t bytes, struct wire_quote *out)
{
    struct wire_ip6 ip;
    // As long as its own header says: what is missing is not in one piece for the walk.
    if (wire_ip6_parse(p, bytes, WIRE_IP6_HEADER + UINT16_MAX, &ip) != SYNFIN_REASON_UNKNOWN
        || wire_ip6_has_mapped(&ip)) {
        return SYNFIN_REASON_DROP_ICMP_QUOTE;
    }
    struct wire_ip6_chain chain;
    if (wire_ip6_walk(p, bytes, &ip, &chain) != SYNFIN_REASON_UNKNOWN
        || (chain.is_fragment && chain.fragment.offset_bytes != 0)) {
        return SYNFIN_REASON_DROP_ICMP_QUOTE;
    }
    *out = (struct wire_quote){
        .src = {.addr = ip.src},
        .dst = {.addr = ip.dst},
        .packet_bytes = WIRE_IP6_HEADER + ip.payload_bytes,
        .protocol = chain.protocol,
    };
    uint32_t end = out->packet_bytes < bytes ? out->packet_bytes : bytes;
    read_transport(p + chain.transport_start, end - chain.transport_start, out);
    return SYNFIN_REASON_UNKNOWN;
}
