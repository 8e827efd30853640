// SPDX-License-Identifier: MIT
//
// ICMP for IPv4.

#include "wire/wire_icmp4.h"

#include "base/bytes.h"

static enum synfin_reason check_type(uint8_t type)
{
    switch (type) {
    case WIRE_ICMP4_ECHO_REPLY:
    case WIRE_ICMP4_UNREACHABLE:
    case WIRE_ICMP4_ECHO_REQUEST:
    case WIRE_ICMP4_TIME_EXCEEDED:
    case WIRE_ICMP4_PARAMETER_PROBLEM: return SYNFIN_REASON_UNKNOWN;
    case WIRE_ICMP4_QUENCH: // RFC 9293 §3.9.2.2 [MUST-55]
        return SYNFIN_REASON_DROP_ICMP_QUENCH;
    default: return SYNFIN_REASON_DROP_ICMP_TYPE;
    }
}

static bool is_echo(uint8_t type)
{
    return type == WIRE_ICMP4_ECHO_REQUEST || type == WIRE_ICMP4_ECHO_REPLY;
}

static bool has_mtu(uint8_t type, uint8_t code)
{
    return type == WIRE_ICMP4_UNREACHABLE && code == WIRE_ICMP4_CODE_TOO_BIG;
}

enum synfin_reason wire_icmp4_parse(const uint8_t *p, uint32_t head_bytes, uint32_t message_bytes,
                                    struct wire_icmp4 *out)
{
    if (message_bytes < WIRE_ICMP4_HEADER) {
        return SYNFIN_REASON_DROP_ICMP_SHORT;
    }
    if (head_bytes < WIRE_ICMP4_HEADER) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    *out = (struct wire_icmp4){.type = p[0], .code = p[1], .checksum = bytes_load16(p + 2)};
    if (is_echo(out->type)) {
        out->id = bytes_load16(p + 4);
        out->sequence = bytes_load16(p + 6);
    } else if (has_mtu(out->type, out->code)) {
        out->mtu = bytes_load16(p + 6);
    } else if (out->type == WIRE_ICMP4_PARAMETER_PROBLEM) {
        out->pointer = p[4];
    }
    return check_type(out->type);
}

bool wire_icmp4_is_error(uint8_t type)
{
    enum { REDIRECT = 5 };
    switch (type) {
    case WIRE_ICMP4_UNREACHABLE:
    case WIRE_ICMP4_QUENCH:
    case REDIRECT:
    case WIRE_ICMP4_TIME_EXCEEDED:
    case WIRE_ICMP4_PARAMETER_PROBLEM: return true;
    default: return false;
    }
}

void wire_icmp4_emit(uint8_t *p, const struct wire_icmp4 *icmp)
{
    p[0] = icmp->type;
    p[1] = icmp->code;
    bytes_store16(p + 2, 0);
    bytes_store32(p + 4, 0);
    if (is_echo(icmp->type)) {
        bytes_store16(p + 4, icmp->id);
        bytes_store16(p + 6, icmp->sequence);
    } else if (has_mtu(icmp->type, icmp->code)) {
        bytes_store16(p + 6, icmp->mtu);
    } else if (icmp->type == WIRE_ICMP4_PARAMETER_PROBLEM) {
        p[4] = icmp->pointer;
    }
}

void wire_icmp4_set_checksum(uint8_t *p, uint16_t checksum)
{
    bytes_store16(p + 2, checksum);
}
