// SPDX-License-Identifier: MIT
//
// ICMPv6.

#include "wire/wire_icmp6.h"

#include "base/bytes.h"

static bool is_echo(uint8_t type)
{
    return type == WIRE_ICMP6_ECHO_REQUEST || type == WIRE_ICMP6_ECHO_REPLY;
}

static bool is_known(uint8_t type)
{
    return (type >= WIRE_ICMP6_UNREACHABLE && type <= WIRE_ICMP6_PARAMETER_PROBLEM) || is_echo(type)
           || wire_icmp6_is_nd(type) || type == WIRE_ICMP6_REDIRECT;
}

enum synfin_reason wire_icmp6_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                    struct wire_icmp6 *out)
{
    if (message_bytes < WIRE_ICMP6_HEADER) {
        return SYNFIN_REASON_DROP_ICMP_SHORT;
    }
    if (head_bytes < WIRE_ICMP6_HEADER) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    *out = (struct wire_icmp6){.type = p[0], .code = p[1], .checksum = bytes_load16(p + 2)};
    if (is_echo(out->type)) {
        out->id = bytes_load16(p + 4);
        out->sequence = bytes_load16(p + 6);
    } else if (out->type == WIRE_ICMP6_TOO_BIG) {
        out->mtu = bytes_load32(p + 4);
    } else if (out->type == WIRE_ICMP6_PARAMETER_PROBLEM) {
        out->pointer = bytes_load32(p + 4);
    }
    return is_known(out->type) ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_ICMP_TYPE;
}

bool wire_icmp6_is_error(uint8_t type)
{
    return type < 128;
}

bool wire_icmp6_is_nd(uint8_t type)
{
    return type >= WIRE_ICMP6_ROUTER_SOLICIT && type <= WIRE_ICMP6_NEIGHBOUR_ADVERT;
}

void wire_icmp6_emit(uint8_t *p, const struct wire_icmp6 *icmp)
{
    p[0] = icmp->type;
    p[1] = icmp->code;
    bytes_store16(p + 2, 0);
    bytes_store32(p + 4, 0);
    if (is_echo(icmp->type)) {
        bytes_store16(p + 4, icmp->id);
        bytes_store16(p + 6, icmp->sequence);
    } else if (icmp->type == WIRE_ICMP6_TOO_BIG) {
        bytes_store32(p + 4, icmp->mtu);
    } else if (icmp->type == WIRE_ICMP6_PARAMETER_PROBLEM) {
        bytes_store32(p + 4, icmp->pointer);
    }
}

void wire_icmp6_set_checksum(uint8_t *p, uint16_t checksum)
{
    bytes_store16(p + 2, checksum);
}
