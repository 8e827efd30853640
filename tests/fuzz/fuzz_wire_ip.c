// SPDX-License-Identifier: MIT
//
// Any octets as anything below TCP. The first octet chooses the codec, the second how many of the
// rest are in one piece. What was read must lie within what was given and, where we write such
// things ourselves, be read as the same again.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "wire/wire_arp.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_nd.h"
#include "wire/wire_quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// `head_bytes` of the `bytes` octets are at `p`, in memory of exactly that size.
struct input {
    uint8_t *p;
    uint32_t head_bytes, bytes;
};

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void try_eth(struct input *in)
{
    struct wire_eth eth;
    uint8_t again[WIRE_ETH_HEADER];
    if (wire_eth_parse(in->p, in->head_bytes, &eth) == GOOD) {
        require(in->head_bytes >= WIRE_ETH_HEADER);
        wire_eth_emit(again, &eth);
        require(memcmp(again, in->p, sizeof(again)) == 0);
    }
}

static void try_arp(struct input *in)
{
    struct wire_arp arp;
    uint8_t again[WIRE_ARP_BYTES];
    if (wire_arp_parse(in->p, in->head_bytes, &arp) == GOOD) {
        require(in->head_bytes >= WIRE_ARP_BYTES);
        wire_arp_emit(again, &arp);
        require(memcmp(again, in->p, sizeof(again)) == 0);
    }
}

// IPv4's options read anew, RFC 791 §3.1: nothing but NOP and the end is shorter than two octets,
// all lie within the header, and the pointers of those that routers fill point to a slot or to
// their end. A source route is refused, RFC 9293 §3.9.2 [MUST-50].
static bool are_options_good(const uint8_t *p, size_t left)
{
    while (left > 0 && *p != 0) {
        size_t length = *p == 1 ? 1 : left > 1 ? p[1] : 0;
        if (length > left || length == 0 || (length == 1 && *p != 1)) {
            return false;
        }
        uint32_t slots = *p == 7 ? 4 : *p == 68 ? 5 : 0; // where the first one is
        if (*p == 131 || *p == 137) {
            return false;
        }
        if (slots > 0 && (length + 1 < slots || p[2] < slots || p[2] > length + 1)) {
            return false;
        }
        p += length;
        left -= length;
    }
    return true;
}

static void try_ip4(struct input *in)
{
    struct wire_ip4 ip, read;
    uint8_t again[WIRE_IP4_HEADER];
    uint32_t header_bytes = in->head_bytes > 0 ? (in->p[0] & 0xfu) * 4 : 0;
    if (in->head_bytes >= WIRE_IP4_HEADER && in->head_bytes >= header_bytes) {
        // A right checksum, or nearly no input would get past it.
        bytes_store16(in->p + 10, 0);
        bytes_store16(in->p + 10, checksum_of(in->p, header_bytes));
    }
    if (wire_ip4_parse(in->p, in->head_bytes, in->bytes, &ip) != GOOD) {
        return;
    }
    require(in->head_bytes >= WIRE_IP4_HEADER && ip.header_bytes == header_bytes);
    require(ip.header_bytes >= WIRE_IP4_HEADER && ip.header_bytes <= in->head_bytes);
    require(are_options_good(in->p + WIRE_IP4_HEADER, header_bytes - WIRE_IP4_HEADER));
    require(ip.total_bytes >= ip.header_bytes && ip.total_bytes <= in->bytes);
    require(ip.fragment_bytes + ip.total_bytes <= WIRE_IP4_BYTES_MAX || ip.fragment_bytes == 0);
    wire_ip4_emit(again, &ip);
    if (wire_ip4_is_fragment(&ip) && ip.header_bytes != WIRE_IP4_HEADER) {
        return; // without its options the payload would be of another length
    }
    require(wire_ip4_parse(again, sizeof(again), in->bytes, &read) == GOOD);
    require(synfin_addr_equal(&ip.src, &read.src) && synfin_addr_equal(&ip.dst, &read.dst));
    require(ip.total_bytes == read.total_bytes && ip.fragment_bytes == read.fragment_bytes);
    require(ip.id == read.id && ip.protocol == read.protocol && ip.ttl == read.ttl);
    require(ip.has_more_fragments == read.has_more_fragments);
    require(ip.has_dont_fragment == read.has_dont_fragment);
    require(ip.traffic_class == read.traffic_class);
}

static void try_walk(struct input *in, const struct wire_ip6 *ip)
{
    struct wire_ip6_chain chain;
    uint32_t end = WIRE_IP6_HEADER + ip->payload_bytes;
    enum synfin_reason reason = wire_ip6_walk(in->p, in->head_bytes, ip, &chain);
    if (chain.problem.is_wanted) {
        require(reason != GOOD && chain.problem.pointer < end);
    }
    if (reason != GOOD) {
        return;
    }
    require(chain.transport_start >= WIRE_IP6_HEADER && chain.transport_start <= end);
    require(chain.transport_start <= in->head_bytes);
    require(chain.transport_start <= WIRE_IP6_HEADER + WIRE_IP6_CHAIN_BYTES_MAX);
    require(chain.named_at < chain.transport_start && in->p[chain.named_at] == chain.protocol);
    if (chain.is_fragment) {
        uint32_t payload = end - chain.fragment_start - WIRE_IP6_FRAGMENT_HEADER;
        require(payload != 0 && chain.fragment.offset_bytes + payload <= UINT16_MAX);
        require(!chain.fragment.has_more || payload % 8 == 0);
    }
}

static void try_ip6(struct input *in)
{
    struct wire_ip6 ip;
    uint8_t again[WIRE_IP6_HEADER];
    if (wire_ip6_parse(in->p, in->head_bytes, in->bytes, &ip) != GOOD) {
        return;
    }
    require(ip.payload_bytes <= in->bytes - WIRE_IP6_HEADER);
    wire_ip6_emit(again, &ip);
    require(memcmp(again, in->p, sizeof(again)) == 0);
    try_walk(in, &ip);
}

static void try_payload(struct input *in)
{
    struct wire_ip6_chain chain;
    if (in->head_bytes == 0) {
        return;
    }
    if (wire_ip6_walk_payload(in->p, in->head_bytes, (uint8_t)in->bytes, &chain) == GOOD) {
        require(chain.transport_start <= in->head_bytes && !chain.is_fragment);
    }
}

static void try_icmp4(struct input *in)
{
    struct wire_icmp4 icmp, read;
    uint8_t again[WIRE_ICMP4_HEADER];
    if (wire_icmp4_parse(in->p, in->head_bytes, in->bytes, &icmp) == GOOD) {
        wire_icmp4_emit(again, &icmp);
        require(wire_icmp4_parse(again, sizeof(again), sizeof(again), &read) == GOOD);
        require(icmp.type == read.type && icmp.code == read.code && icmp.id == read.id);
        require(icmp.sequence == read.sequence && icmp.mtu == read.mtu);
        require(icmp.pointer == read.pointer);
    }
}

static void try_icmp6(struct input *in)
{
    struct wire_icmp6 icmp, read;
    uint8_t again[WIRE_ICMP6_HEADER];
    if (wire_icmp6_parse(in->p, in->head_bytes, in->bytes, &icmp) == GOOD) {
        wire_icmp6_emit(again, &icmp);
        require(wire_icmp6_parse(again, sizeof(again), sizeof(again), &read) == GOOD);
        require(icmp.type == read.type && icmp.code == read.code && icmp.id == read.id);
        require(icmp.sequence == read.sequence && icmp.mtu == read.mtu);
        require(icmp.pointer == read.pointer);
    }
}

static void try_quotes(struct input *in)
{
    struct wire_quote quote;
    if (wire_quote_parse4(in->p, in->head_bytes, &quote) == GOOD) {
        require(synfin_addr_is_ipv4(&quote.src.addr) && synfin_addr_is_ipv4(&quote.dst.addr));
        require(!quote.has_seq || quote.has_ports);
    }
    if (wire_quote_parse6(in->p, in->head_bytes, &quote) == GOOD) {
        require(!synfin_addr_is_ipv4(&quote.src.addr) && !synfin_addr_is_ipv4(&quote.dst.addr));
        require(!quote.has_seq || quote.has_ports);
    }
}

static void round_trip_nd(const struct wire_nd *nd, const struct wire_ip6 *ip)
{
    struct wire_nd read;
    uint8_t again[WIRE_ND_EMITTED_MAX];
    uint32_t bytes = wire_nd_emit(again, nd);
    require(bytes <= sizeof(again));
    require(wire_nd_parse(again, bytes, bytes, ip, &read) == GOOD);
    require(synfin_addr_equal(&nd->target, &read.target));
    require(nd->has_source_link == read.has_source_link);
    require(nd->has_target_link == read.has_target_link);
    require(wire_eth_addr_equal(&nd->source_link, &read.source_link));
    require(wire_eth_addr_equal(&nd->target_link, &read.target_link));
    require(nd->is_router == read.is_router && nd->is_solicited == read.is_solicited);
    require(nd->is_override == read.is_override);
}

// A whole IPv6 header comes first, so that its fields are tried as well.
static void try_nd(struct input *in)
{
    struct wire_ip6 ip;
    struct wire_nd nd;
    if (wire_ip6_parse(in->p, in->head_bytes, in->bytes, &ip) != GOOD) {
        return;
    }
    uint32_t there = in->head_bytes - WIRE_IP6_HEADER;
    if (wire_nd_parse(in->p + WIRE_IP6_HEADER, there, ip.payload_bytes, &ip, &nd) != GOOD) {
        return;
    }
    require(ip.hop_limit == WIRE_ND_HOP_LIMIT && nd.prefixes <= WIRE_ND_PREFIXES_MAX);
    for (uint32_t i = 0; i < nd.prefixes; i++) {
        require(nd.prefix[i].prefix.bits <= 128);
    }
    if (nd.type != WIRE_ICMP6_ROUTER_ADVERT) {
        round_trip_nd(&nd, &ip);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct input *) = {
        try_eth, try_arp, try_ip4, try_ip6, try_payload, try_icmp4, try_icmp6, try_quotes, try_nd,
    };
    if (size < 2 || size > UINT16_MAX) {
        return 0;
    }
    struct input in = {.bytes = (uint32_t)size - 2};
    // 255 and up: all of it in one piece.
    in.head_bytes = data[1] == 255 || data[1] > in.bytes ? in.bytes : data[1];
    in.p = malloc(in.head_bytes);
    if (in.head_bytes != 0) {
        memcpy(in.p, data + 2, in.head_bytes);
    }
    targets[data[0] % (sizeof(targets) / sizeof(targets[0]))](&in);
    free(in.p);
    return 0;
}
