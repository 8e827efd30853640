// SPDX-License-Identifier: MIT
//
// What a router in the middle of the link says of a packet that is too large for its way on:
// RFC 1191 §4, RFC 4443 §3.2. It speaks in the name of the packet's destination, for a link has no
// address of its own; nothing else of the packet matters to it.
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "link/link_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_eth.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

enum { HOP_LIMIT = 64, DONT_FRAGMENT = 0x40 };

_Static_assert(LINK_TOO_BIG_BYTES_MAX >= LINK_ETHERNET_BYTES + WIRE_IP6_HEADER + WIRE_ICMP6_HEADER
                                             + LINK_QUOTE_BYTES_MAX,
               "the longest message has room");

static uint32_t put4(uint8_t *out, const uint8_t *datagram, uint32_t quote_bytes,
                     uint32_t mtu_bytes)
{
    struct wire_ip4 ip = {.src = wire_addr_load4(datagram + 16),
                          .dst = wire_addr_load4(datagram + 12),
                          .total_bytes = WIRE_IP4_HEADER + WIRE_ICMP4_HEADER + quote_bytes,
                          .protocol = WIRE_PROTOCOL_ICMP4,
                          .ttl = HOP_LIMIT};
    struct wire_icmp4 icmp = {.type = WIRE_ICMP4_UNREACHABLE,
                              .code = WIRE_ICMP4_CODE_TOO_BIG,
                              .mtu = (uint16_t)mtu_bytes};
    uint8_t *message = out + WIRE_IP4_HEADER;
    wire_ip4_emit(out, &ip);
    memcpy(message + WIRE_ICMP4_HEADER, datagram, quote_bytes);
    wire_icmp4_emit(message, &icmp);
    wire_icmp4_set_checksum(message, checksum_of(message, WIRE_ICMP4_HEADER + quote_bytes));
    return ip.total_bytes;
}

static uint32_t put6(uint8_t *out, const uint8_t *datagram, uint32_t quote_bytes,
                     uint32_t mtu_bytes)
{
    uint32_t bytes = WIRE_ICMP6_HEADER + quote_bytes;
    struct wire_ip6 ip = {.src = wire_addr_load6(datagram + 24),
                          .dst = wire_addr_load6(datagram + 8),
                          .payload_bytes = bytes,
                          .next_header = WIRE_PROTOCOL_ICMP6,
                          .hop_limit = HOP_LIMIT};
    struct wire_icmp6 icmp = {.type = WIRE_ICMP6_TOO_BIG, .mtu = mtu_bytes};
    uint8_t *message = out + WIRE_IP6_HEADER;
    struct checksum sum;
    wire_ip6_emit(out, &ip);
    memcpy(message + WIRE_ICMP6_HEADER, datagram, quote_bytes);
    wire_icmp6_emit(message, &icmp);
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &ip.src, &ip.dst, WIRE_PROTOCOL_ICMP6, bytes);
    checksum_add(&sum, message, bytes);
    wire_icmp6_set_checksum(message, checksum_finish(&sum));
    return WIRE_IP6_HEADER + bytes;
}

// RFC 1191 §3: who allows fragments is not told; a link does not make any.
uint32_t link_too_big_build(const uint8_t *packet, uint32_t bytes, bool is_ethernet,
                            uint32_t mtu_bytes, uint8_t out[LINK_TOO_BIG_BYTES_MAX])
{
    uint32_t header = is_ethernet ? LINK_ETHERNET_BYTES : 0;
    if (bytes < header + WIRE_IP6_HEADER) {
        return 0;
    }
    const uint8_t *datagram = packet + header;
    uint32_t rest = bytes - header;
    uint32_t quote_bytes = rest < LINK_QUOTE_BYTES_MAX ? rest : LINK_QUOTE_BYTES_MAX;
    if (is_ethernet) { // back to the station that it came from
        memcpy(out, packet + 6, 6);
        memcpy(out + 6, packet, 6);
        memcpy(out + 12, packet + 12, 2);
    }
    uint32_t type = is_ethernet ? bytes_load16(packet + 12) : 0;
    bool is_ip4 = datagram[0] >> 4 == 4 && (!is_ethernet || type == WIRE_ETH_TYPE_IP4);
    bool is_ip6 = datagram[0] >> 4 == 6 && (!is_ethernet || type == WIRE_ETH_TYPE_IP6);
    if (is_ip4 && (datagram[6] & DONT_FRAGMENT) != 0) {
        return header + put4(out + header, datagram, quote_bytes, mtu_bytes);
    }
    return is_ip6 ? header + put6(out + header, datagram, quote_bytes, mtu_bytes) : 0;
}
