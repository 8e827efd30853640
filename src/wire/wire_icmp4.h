// SPDX-License-Identifier: MIT
//
// The ICMP messages for IPv4 (RFC 792) that a host without forwarding acts on or sends.
#ifndef SYNFIN_WIRE_ICMP4_H
#define SYNFIN_WIRE_ICMP4_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/reason.h>

enum {
    WIRE_ICMP4_HEADER = 8,
    // The whole error fits the 576 octets every host takes: 576 - 20 - 8 (RFC 1812 §4.3.2.3).
    WIRE_ICMP4_QUOTE_MAX = 548,
};

enum {
    WIRE_ICMP4_ECHO_REPLY = 0,
    WIRE_ICMP4_UNREACHABLE = 3,
    WIRE_ICMP4_QUENCH = 4,
    WIRE_ICMP4_ECHO_REQUEST = 8,
    WIRE_ICMP4_TIME_EXCEEDED = 11,
    WIRE_ICMP4_PARAMETER_PROBLEM = 12,
};

// Codes of "unreachable" (RFC 792 §1, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1).
enum {
    WIRE_ICMP4_CODE_NET = 0,
    WIRE_ICMP4_CODE_HOST = 1,
    WIRE_ICMP4_CODE_PROTOCOL = 2,
    WIRE_ICMP4_CODE_PORT = 3,
    WIRE_ICMP4_CODE_TOO_BIG = 4,
    WIRE_ICMP4_CODE_SOURCE_ROUTE = 5,
    WIRE_ICMP4_CODE_NET_PROHIBITED = 9,
    WIRE_ICMP4_CODE_HOST_PROHIBITED = 10,
    WIRE_ICMP4_CODE_PROHIBITED = 13,
    WIRE_ICMP4_CODE_REASSEMBLY = 1, // of "time exceeded"
};

struct wire_icmp4 {
    uint8_t type, code;
    uint8_t pointer;       // parameter problem: the octet that is wrong
    uint16_t checksum;     // as received
    uint16_t id, sequence; // echo
    uint16_t mtu;          // unreachable, too big: RFC 1191 §4; 0 from routers older than that
};

// Reads the header of a message of `message_bytes` octets, of which `head_bytes` are at `p`; what
// follows its WIRE_ICMP4_HEADER octets is an echo's data or the quoted packet (wire_quote.h). The
// caller verifies the checksum over message_bytes. UNKNOWN when it is well formed, else
// DROP_ICMP_SHORT, DROP_NOT_LINEAR, DROP_ICMP_QUENCH, or DROP_ICMP_TYPE for other types.
enum synfin_reason wire_icmp4_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                    struct wire_icmp4 *out);
// True for the types that quote a packet, which nobody may answer with an error.
bool wire_icmp4_is_error(uint8_t type);
// Writes WIRE_ICMP4_HEADER octets with the checksum field 0.
void wire_icmp4_emit(uint8_t *p, const struct wire_icmp4 *icmp);
void wire_icmp4_set_checksum(uint8_t *p, uint16_t checksum);

#endif
