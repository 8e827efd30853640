// SPDX-License-Identifier: MIT
//
// ICMP errors in: the quoted packet must be a segment of TCP from one of our addresses, cut off
// nowhere before its sequence number. Whether it is in flight only TCP knows (RFC 5927 §4.1), and
// nothing here remembers what an error said.
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_protocol.h"
#include "wire/wire_quote.h"

enum {
    // IPv6 with the longest chain that is walked, and the ports and sequence number behind it.
    QUOTE_READ_MAX = WIRE_IP6_HEADER + WIRE_IP6_CHAIN_BYTES_MAX + 8,
    MTU_IP4_MIN = 68,   // RFC 791 §3.1
    MTU_IP6_MIN = 1280, // RFC 8201 §4
};

// RFC 1191 §7.1: the next lower plateau, for routers that tell no MTU.
static uint32_t plateau_below(uint32_t packet_bytes)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
    for (uint32_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++) {
        if (plateaus[i] < packet_bytes) {
            return plateaus[i];
        }
    }
    return MTU_IP4_MIN;
}

static enum synfin_reason judge(const struct net *net, const struct wire_quote *quote)
{
    bool is_segment = quote->protocol == WIRE_PROTOCOL_TCP && quote->has_seq;
    bool is_ours =
        is_segment && net_is_local(net, &quote->src.addr) && !net_is_no_peer(net, &quote->dst.addr);
    return is_ours ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_ICMP_QUOTE;
}

enum net_verdict icmp_quote_input(struct net *net, struct net_rx *rx, enum net_error_kind kind,
                                  uint32_t mtu_bytes)
{
    // The quote may lie in pieces.
    uint8_t octets[QUOTE_READ_MAX];
    struct gather left = rx->out->payload;
    gather_trim_left(&left, WIRE_ICMP6_HEADER);
    uint32_t bytes = left.bytes < sizeof(octets) ? left.bytes : (uint32_t)sizeof(octets);
    gather_read(&left, octets, bytes);
    bool is_ip4 = wire_addr_is_mapped(&rx->out->dst);
    struct wire_quote quote;
    enum synfin_reason reason = is_ip4 ? wire_quote_parse4(octets, bytes, &quote)
                                       : wire_quote_parse6(octets, bytes, &quote);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        reason = judge(net, &quote);
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return net_drop(net, reason, rx->now_ns);
    }
    if (kind == NET_ERROR_TOO_BIG) {
        mtu_bytes = mtu_bytes == 0 && is_ip4 ? plateau_below(quote.packet_bytes) : mtu_bytes;
        if (mtu_bytes < (is_ip4 ? MTU_IP4_MIN : MTU_IP6_MIN)) {
            return net_drop(net, SYNFIN_REASON_DROP_ICMP_MTU, rx->now_ns);
        }
    }
    rx->out->error = (struct net_error){
        .kind = kind,
        .local = quote.src,
        .remote = quote.dst,
        .seq = quote.seq,
        .mtu_bytes = kind == NET_ERROR_TOO_BIG ? mtu_bytes : 0,
        .icmp = {.version = is_ip4 ? 4 : 6,
                 .type = rx->out->head[0],
                 .code = rx->out->head[1],
                 .from = rx->out->src},
    };
    return NET_VERDICT_ICMP_ERROR;
}
