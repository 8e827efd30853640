// SPDX-License-Identifier: MIT
//
// The IPv6 header and the walk along its extension headers. One loop, one cursor: each turn reads
// one header whose length is at least 8, moves behind it, and counts it against the limits.

#include "wire/wire_ip6.h"

#include "base/bytes.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

// Every extension header is a multiple of 8 octets and at least as long.
enum { UNIT = 8 };
// RFC 8200 §4.2.
enum { OPTION_PAD1 = 0, OPTION_PADN = 1 };
enum { ACTION_SKIP, ACTION_DISCARD, ACTION_REPORT, ACTION_REPORT_UNICAST };
// Codes of a Parameter Problem, RFC 4443 §3.4.
enum { PROBLEM_FIELD = 0, PROBLEM_NEXT_HEADER = 1, PROBLEM_OPTION = 2 };

enum { PAYLOAD_LENGTH_AT = 4, PAYLOAD_MAX = 65535, NOWHERE = -1 };

// The cursor. Offsets count from `p`.
struct walk {
    const uint8_t *p;
    uint32_t head_bytes; // readable
    uint32_t end;        // of the packet
    uint32_t start;      // of the first extension header
    uint32_t at;         // the header to read next
    uint32_t headers;    // read so far
    uint8_t next;        // what stands at `at`
    bool has_fragment;   // no further fragment header may come
    bool is_done;        // `at` is a payload that cannot be looked into
    struct wire_ip6_chain *out;
};

enum synfin_reason wire_ip6_parse(const uint8_t *p, uint32_t head_bytes, uint32_t packet_bytes,
                                  struct wire_ip6 *out)
{
    if (packet_bytes < WIRE_IP6_HEADER) {
        return SYNFIN_REASON_DROP_IP_SHORT;
    }
    if (head_bytes < WIRE_IP6_HEADER) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    uint32_t first = bytes_load32(p);
    if (first >> 28 != 6) {
        return SYNFIN_REASON_DROP_IP_VERSION;
    }
    out->src = wire_addr_load6(p + 8);
    out->dst = wire_addr_load6(p + 24);
    out->payload_bytes = bytes_load16(p + PAYLOAD_LENGTH_AT);
    out->flow_label = first & 0xfffff;
    out->traffic_class = (uint8_t)(first >> 20);
    out->next_header = p[6];
    out->hop_limit = p[7];
    if (out->payload_bytes > packet_bytes - WIRE_IP6_HEADER) {
        return SYNFIN_REASON_DROP_IP_SHORT;
    }
    return SYNFIN_REASON_UNKNOWN;
}

void wire_ip6_emit(uint8_t *p, const struct wire_ip6 *ip)
{
    bytes_store32(p, 6u << 28 | (uint32_t)ip->traffic_class << 20 | (ip->flow_label & 0xfffff));
    bytes_store16(p + PAYLOAD_LENGTH_AT, ip->payload_bytes);
    p[6] = ip->next_header;
    p[7] = ip->hop_limit;
    wire_addr_store6(p + 8, &ip->src);
    wire_addr_store6(p + 24, &ip->dst);
}

static enum synfin_reason refuse(struct walk *walk, enum synfin_reason reason, uint8_t code,
                                 uint32_t pointer)
{
    walk->out->problem = (struct wire_ip6_problem){
        .is_wanted = pointer != (uint32_t)NOWHERE, .code = code, .pointer = pointer};
    return reason;
}

// A header that reaches beyond the packet.
static enum synfin_reason refuse_truncated(const struct walk *walk)
{
    return walk->out->is_fragment ? SYNFIN_REASON_DROP_FRAGMENT_TINY
                                  : SYNFIN_REASON_DROP_IP6_EXTENSION;
}

// What to do with a packet that has the option at `at`, by the two upper bits of its type.
static enum synfin_reason judge_option(struct walk *walk, uint32_t at)
{
    uint8_t type = walk->p[at];
    if (type == OPTION_PADN || type >> 6 == ACTION_SKIP) {
        return SYNFIN_REASON_UNKNOWN;
    }
    if (type >> 6 == ACTION_DISCARD) {
        return SYNFIN_REASON_DROP_IP6_OPTION;
    }
    refuse(walk, SYNFIN_REASON_DROP_IP6_OPTION, PROBLEM_OPTION, at);
    walk->out->problem.is_for_multicast = type >> 6 == ACTION_REPORT;
    return SYNFIN_REASON_DROP_IP6_OPTION;
}

// The options of a hop-by-hop or destination options header of `length` octets at the cursor.
static enum synfin_reason check_options(struct walk *walk, uint32_t length)
{
    uint32_t end = walk->at + length;
    uint32_t at = walk->at + 2;
    while (at < end) {
        if (walk->p[at] == OPTION_PAD1) {
            at++;
            continue;
        }
        if (end - at < 2 || walk->p[at + 1] > end - at - 2) {
            return refuse(walk, SYNFIN_REASON_DROP_IP6_OPTION, PROBLEM_FIELD, at);
        }
        enum synfin_reason reason = judge_option(walk, at);
        if (reason != SYNFIN_REASON_UNKNOWN) {
            return reason;
        }
        at += 2 + walk->p[at + 1];
    }
    return SYNFIN_REASON_UNKNOWN;
}

// Moves behind a header whose octets are all there and accepted.
static void step_over(struct walk *walk, uint32_t length)
{
    walk->out->named_at = walk->at;
    walk->next = walk->p[walk->at];
    walk->at += length;
}

static enum synfin_reason check_fragment_length(struct walk *walk)
{
    const struct wire_ip6_fragment *fragment = &walk->out->fragment;
    uint32_t payload = walk->end - walk->at - WIRE_IP6_FRAGMENT_HEADER;
    if (fragment->has_more && payload % 8 != 0) {
        return refuse(walk, SYNFIN_REASON_DROP_FRAGMENT_LENGTH, PROBLEM_FIELD, PAYLOAD_LENGTH_AT);
    }
    if (walk->at - walk->start + fragment->offset_bytes + payload > PAYLOAD_MAX) {
        return refuse(walk, SYNFIN_REASON_DROP_FRAGMENT_LENGTH, PROBLEM_FIELD, walk->at + 2);
    }
    return payload != 0 ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_FRAGMENT_LENGTH;
}

static enum synfin_reason walk_fragment(struct walk *walk)
{
    if (walk->has_fragment) {
        return SYNFIN_REASON_DROP_FRAGMENT_NESTED;
    }
    const uint8_t *p = walk->p + walk->at;
    uint32_t offset = bytes_load16(p + 2);
    walk->has_fragment = true;
    if ((offset & 0xfff9) == 0) {
        step_over(walk, WIRE_IP6_FRAGMENT_HEADER);
        return SYNFIN_REASON_UNKNOWN;
    }
    walk->out->fragment = (struct wire_ip6_fragment){
        .offset_bytes = offset & 0xfff8,
        .id = bytes_load32(p + 4),
        .has_more = (offset & 1) != 0,
        .next_header = p[0],
    };
    enum synfin_reason reason = check_fragment_length(walk);
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return reason;
    }
    walk->out->is_fragment = true;
    walk->out->fragment_start = walk->at;
    walk->out->fragment_named_at = walk->out->named_at;
    walk->is_done = walk->out->fragment.offset_bytes != 0;
    step_over(walk, WIRE_IP6_FRAGMENT_HEADER);
    return SYNFIN_REASON_UNKNOWN;
}

// What a header of `length` octets at the cursor says, by its kind.
static enum synfin_reason check_header(struct walk *walk, uint32_t length)
{
    switch (walk->next) {
    case WIRE_PROTOCOL_HOP_BY_HOP:
    case WIRE_PROTOCOL_DESTINATION: return check_options(walk, length);
    default: break;
    }
    // A routing header: none is known, so the packet goes on only when it has arrived.
    if (walk->p[walk->at + 3] != 0) {
        return refuse(walk, SYNFIN_REASON_DROP_IP6_ROUTING, PROBLEM_FIELD, walk->at + 2);
    }
    return SYNFIN_REASON_UNKNOWN;
}

static enum synfin_reason walk_header(struct walk *walk)
{
    if (walk->next == WIRE_PROTOCOL_HOP_BY_HOP && walk->headers != 0) {
        return refuse(walk, SYNFIN_REASON_DROP_IP6_EXTENSION_ORDER, PROBLEM_NEXT_HEADER,
                      walk->out->named_at);
    }
    if (walk->headers++ == WIRE_IP6_CHAIN_HEADERS_MAX) {
        return SYNFIN_REASON_DROP_IP6_EXTENSION;
    }
    if (walk->end - walk->at < UNIT) {
        return refuse_truncated(walk);
    }
    if (walk->head_bytes < walk->at + UNIT) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    bool is_fragment = walk->next == WIRE_PROTOCOL_FRAGMENT;
    uint32_t length = is_fragment ? UNIT : UNIT + UNIT * (uint32_t)walk->p[walk->at + 1];
    if (length > walk->end - walk->at) {
        return refuse_truncated(walk);
    }
    if (walk->at + length - walk->start > WIRE_IP6_CHAIN_BYTES_MAX) {
        return SYNFIN_REASON_DROP_IP6_EXTENSION;
    }
    if (walk->head_bytes < walk->at + length) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    if (is_fragment) {
        return walk_fragment(walk);
    }
    enum synfin_reason reason = check_header(walk, length);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        step_over(walk, length);
    }
    return reason;
}

// AH and ESP are not among them: what they protect is not looked into.
static bool is_extension(uint8_t protocol)
{
    return protocol == WIRE_PROTOCOL_HOP_BY_HOP || protocol == WIRE_PROTOCOL_ROUTING
           || protocol == WIRE_PROTOCOL_FRAGMENT || protocol == WIRE_PROTOCOL_DESTINATION;
}

// What a first fragment must hold of its transport (RFC 7112 §5).
static uint32_t transport_bytes_min(uint8_t protocol)
{
    switch (protocol) {
    case WIRE_PROTOCOL_TCP: return WIRE_TCP_HEADER_MIN;
    case WIRE_PROTOCOL_NONE: return 0;
    default: return UNIT;
    }
}

static enum synfin_reason run(struct walk *walk)
{
    while (!walk->is_done && is_extension(walk->next)) {
        enum synfin_reason reason = walk_header(walk);
        if (reason != SYNFIN_REASON_UNKNOWN) {
            return reason;
        }
    }
    walk->out->protocol = walk->next;
    walk->out->transport_start = walk->at;
    if (walk->out->is_fragment && !walk->is_done
        && walk->end - walk->at < transport_bytes_min(walk->next)) {
        return SYNFIN_REASON_DROP_FRAGMENT_TINY;
    }
    return SYNFIN_REASON_UNKNOWN;
}

enum synfin_reason wire_ip6_walk(const uint8_t *p, uint32_t head_bytes, const struct wire_ip6 *ip,
                                 struct wire_ip6_chain *out)
{
    struct walk walk = {
        .p = p,
        .head_bytes = head_bytes,
        .end = WIRE_IP6_HEADER + ip->payload_bytes,
        .start = WIRE_IP6_HEADER,
        .at = WIRE_IP6_HEADER,
        .next = ip->next_header,
        .out = out,
    };
    *out = (struct wire_ip6_chain){.named_at = 6};
    return run(&walk);
}

enum synfin_reason wire_ip6_walk_payload(const uint8_t *p, uint32_t bytes, uint8_t next_header,
                                         struct wire_ip6_chain *out)
{
    struct walk walk = {
        .p = p,
        .head_bytes = bytes,
        .end = bytes,
        // The headers before the fragment header count as one: none may be hop-by-hop now.
        .headers = 1,
        .next = next_header,
        .has_fragment = true,
        .out = out,
    };
    *out = (struct wire_ip6_chain){.named_at = (uint32_t)NOWHERE};
    return run(&walk);
}
