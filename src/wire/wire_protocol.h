// SPDX-License-Identifier: MIT
//
// The protocol numbers that stand in IPv4's protocol field and in IPv6's next-header fields
// (IANA's registry; the extension headers are those of RFC 8200 §4.1).
#ifndef SYNFIN_WIRE_PROTOCOL_H
#define SYNFIN_WIRE_PROTOCOL_H

enum {
    WIRE_PROTOCOL_HOP_BY_HOP = 0,
    WIRE_PROTOCOL_ICMP4 = 1,
    WIRE_PROTOCOL_IP4 = 4, // IPv4 inside; never unpacked
    WIRE_PROTOCOL_TCP = 6,
    WIRE_PROTOCOL_UDP = 17,
    WIRE_PROTOCOL_IP6 = 41, // IPv6 inside; never unpacked
    WIRE_PROTOCOL_ROUTING = 43,
    WIRE_PROTOCOL_FRAGMENT = 44,
    WIRE_PROTOCOL_ESP = 50,
    WIRE_PROTOCOL_AH = 51,
    WIRE_PROTOCOL_ICMP6 = 58,
    WIRE_PROTOCOL_NONE = 59,
    WIRE_PROTOCOL_DESTINATION = 60,
};

#endif
