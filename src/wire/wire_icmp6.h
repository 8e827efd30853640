// SPDX-License-Identifier: MIT
//
// The ICMPv6 header and the messages of RFC 4443. Neighbour discovery shares the header and is
// read on from there by wire_nd.h.
#ifndef SYNFIN_WIRE_ICMP6_H
#define SYNFIN_WIRE_ICMP6_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/reason.h>

enum {
    WIRE_ICMP6_HEADER = 8,
    // The whole error fits the minimum MTU: 1280 - 40 - 8 (RFC 4443 §2.4 (c)).
    WIRE_ICMP6_QUOTE_MAX = 1232,
};

enum {
    WIRE_ICMP6_UNREACHABLE = 1,
    WIRE_ICMP6_TOO_BIG = 2,
    WIRE_ICMP6_TIME_EXCEEDED = 3,
    WIRE_ICMP6_PARAMETER_PROBLEM = 4,
    WIRE_ICMP6_ECHO_REQUEST = 128,
    WIRE_ICMP6_ECHO_REPLY = 129,
    WIRE_ICMP6_ROUTER_SOLICIT = 133,
    WIRE_ICMP6_ROUTER_ADVERT = 134,
    WIRE_ICMP6_NEIGHBOUR_SOLICIT = 135,
    WIRE_ICMP6_NEIGHBOUR_ADVERT = 136,
    WIRE_ICMP6_REDIRECT = 137,
};

// Codes of "unreachable", "time exceeded" and "parameter problem" (RFC 4443 §3).
enum {
    WIRE_ICMP6_CODE_NO_ROUTE = 0,
    WIRE_ICMP6_CODE_PROHIBITED = 1,
    WIRE_ICMP6_CODE_SCOPE = 2,
    WIRE_ICMP6_CODE_ADDRESS = 3,
    WIRE_ICMP6_CODE_PORT = 4,
    WIRE_ICMP6_CODE_POLICY = 5,
    WIRE_ICMP6_CODE_REJECT = 6,
    WIRE_ICMP6_CODE_REASSEMBLY = 1,
    WIRE_ICMP6_CODE_FIELD = 0,
    WIRE_ICMP6_CODE_NEXT_HEADER = 1,
    WIRE_ICMP6_CODE_OPTION = 2,
};

struct wire_icmp6 {
    uint8_t type, code;
    uint16_t checksum;     // as received
    uint16_t id, sequence; // echo
    uint32_t mtu;          // too big
    uint32_t pointer;      // parameter problem: octets from the quoted packet's start
};

// Reads the header of a message of `message_bytes` octets, of which `head_bytes` are at `p`; what
// follows its WIRE_ICMP6_HEADER octets is an echo's data or the quoted packet (wire_quote.h). The
// caller verifies the checksum, with the pseudo-header, over message_bytes. UNKNOWN when it is
// well formed, else DROP_ICMP_SHORT, DROP_NOT_LINEAR, or DROP_ICMP_TYPE for other types.
enum synfin_reason wire_icmp6_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                    struct wire_icmp6 *out);
// True for types below 128, which nobody may answer with an error (RFC 4443 §2.4 (e.1)).
bool wire_icmp6_is_error(uint8_t type);
// True for the messages that wire_nd_parse reads.
bool wire_icmp6_is_nd(uint8_t type);
// Writes WIRE_ICMP6_HEADER octets with the checksum field 0; not for neighbour discovery.
void wire_icmp6_emit(uint8_t *p, const struct wire_icmp6 *icmp);
// For every ICMPv6 message, neighbour discovery included.
void wire_icmp6_set_checksum(uint8_t *p, uint16_t checksum);

#endif
