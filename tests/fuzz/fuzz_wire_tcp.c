// SPDX-License-Identifier: MIT
//
// Any octets as a TCP segment. The first octet says how many of the rest are in one piece; what
// was read must lie within the header and, written again, be read as the same.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire_tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

// Options that stand only on a SYN, or never on one, are not written elsewhere: they are taken
// out before the comparison.
static void keep_emitted(struct wire_tcp *tcp)
{
    if ((tcp->flags & SYNFIN_TCP_SYN) != 0) {
        tcp->sack_blocks = 0;
    } else {
        tcp->has_mss = tcp->has_wscale = tcp->has_sack_permitted = tcp->has_fastopen = false;
    }
    // AccECN goes before SACK and behind the options of a SYN, where there is room.
    struct wire_tcp others = *tcp;
    others.accecn.kind = others.sack_blocks = 0;
    uint32_t accecn = tcp->accecn.kind != 0 ? (2u + 3u * tcp->accecn.fields + 3u) / 4 * 4 : 0;
    uint32_t used = wire_tcp_emitted_bytes(&others) + accecn;
    if (used > WIRE_TCP_HEADER_MAX) {
        tcp->accecn = (struct wire_accecn){0};
    } else if (tcp->sack_blocks > 0) {
        uint32_t most = used + 4 < WIRE_TCP_HEADER_MAX ? (WIRE_TCP_HEADER_MAX - used - 4) / 8 : 0;
        tcp->sack_blocks = tcp->sack_blocks < most ? tcp->sack_blocks : (uint8_t)most;
    }
    // Four blocks and timestamps do not fit into one header, though a parser may see both.
    if (tcp->has_timestamps && tcp->sack_blocks == SYNFIN_SACK_BLOCKS_MAX) {
        tcp->sack_blocks = SYNFIN_SACK_BLOCKS_MAX - 1;
    }
}

static void require_same(const struct wire_tcp *a, const struct wire_tcp *b)
{
    require(a->src_port == b->src_port && a->dst_port == b->dst_port);
    require(seq_eq(a->seq, b->seq) && seq_eq(a->ack, b->ack));
    require(a->flags == b->flags && a->window == b->window && a->urgent == b->urgent);
    require(a->has_mss == b->has_mss && (!a->has_mss || a->mss == b->mss));
    require(a->has_wscale == b->has_wscale);
    require(!a->has_wscale || a->wscale_shift == b->wscale_shift);
    require(a->has_sack_permitted == b->has_sack_permitted);
    require(a->has_timestamps == b->has_timestamps);
    require(!a->has_timestamps || (a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr));
    require(a->has_fastopen == b->has_fastopen);
    require(!a->has_fastopen || a->cookie_bytes == b->cookie_bytes);
    require(!a->has_fastopen || memcmp(a->cookie, b->cookie, a->cookie_bytes) == 0);
    require(a->accecn.kind == b->accecn.kind && a->accecn.fields == b->accecn.fields);
    require(memcmp(a->accecn.field, b->accecn.field, sizeof a->accecn.field) == 0);
    require(a->sack_blocks == b->sack_blocks);
    for (uint32_t i = 0; i < a->sack_blocks; i++) {
        require(seq_eq(a->sack[i].left, b->sack[i].left));
        require(seq_eq(a->sack[i].right, b->sack[i].right));
    }
}

static void round_trip(struct wire_tcp *tcp)
{
    uint8_t emitted[WIRE_TCP_HEADER_MAX];
    struct wire_tcp again;
    keep_emitted(tcp);
    uint32_t bytes = wire_tcp_emit(emitted, tcp);
    require(bytes == wire_tcp_emitted_bytes(tcp) && bytes <= sizeof(emitted) && bytes % 4 == 0);
    require(wire_tcp_parse(emitted, bytes, bytes, &again) == SYNFIN_REASON_UNKNOWN);
    require(again.header_bytes == bytes && again.checksum == 0);
    require_same(tcp, &again);
}

// Whatever a header is to say, its emitted form fits. The input is the header's facts.
static void emit_facts(const uint8_t *data, size_t size)
{
    uint8_t facts[64] = {0};
    memcpy(facts, data, size < sizeof facts ? size : sizeof facts);
    static const uint8_t cookie_bytes[] = {0, 4, 8, 16};
    struct wire_tcp tcp = {.flags = (uint16_t)(facts[0] & 0x3f),
                           .has_mss = (facts[1] & 1) != 0,
                           .has_wscale = (facts[1] & 2) != 0,
                           .has_sack_permitted = (facts[1] & 4) != 0,
                           .has_timestamps = (facts[1] & 8) != 0,
                           .has_fastopen = (facts[1] & 16) != 0,
                           .sack_blocks = facts[2] % (SYNFIN_SACK_BLOCKS_MAX + 1),
                           .wscale_shift = facts[3],
                           .cookie_bytes = cookie_bytes[facts[3] % 4],
                           .mss = facts[4],
                           .ts_val = facts[5],
                           .ts_ecr = facts[6]};
    for (uint32_t i = 0; i < tcp.sack_blocks; i++) {
        tcp.sack[i] = (struct wire_sack_block){seq_make(facts[7 + i]), seq_make(facts[11 + i])};
    }
    uint8_t emitted[2 * WIRE_TCP_HEADER_MAX + SYNFIN_SACK_BLOCKS_MAX * 8];
    struct wire_tcp read;
    uint32_t bytes = wire_tcp_emit(emitted, &tcp);
    require(bytes == wire_tcp_emitted_bytes(&tcp) && bytes <= WIRE_TCP_HEADER_MAX);
    require(wire_tcp_parse(emitted, bytes, bytes, &read) == SYNFIN_REASON_UNKNOWN);
    require(read.header_bytes == bytes && read.sack_blocks <= tcp.sack_blocks);
    round_trip(&tcp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    emit_facts(data, size);
    if (size == 0 || size > UINT16_MAX) {
        return 0;
    }
    uint32_t segment_bytes = (uint32_t)size - 1;
    uint32_t head_bytes = data[0] < segment_bytes ? data[0] : segment_bytes;
    uint8_t *head = malloc(head_bytes);
    if (head_bytes != 0) {
        memcpy(head, data + 1, head_bytes);
    }
    struct wire_tcp tcp;
    enum synfin_reason reason = wire_tcp_parse(head, head_bytes, segment_bytes, &tcp);
    switch ((int)reason) {
    case SYNFIN_REASON_UNKNOWN:
        require(segment_bytes >= WIRE_TCP_HEADER_MIN);
        require(tcp.header_bytes >= WIRE_TCP_HEADER_MIN && tcp.header_bytes <= head_bytes);
        require(tcp.sack_blocks <= SYNFIN_SACK_BLOCKS_MAX);
        round_trip(&tcp);
        break;
    case SYNFIN_REASON_DROP_TCP_SHORT: require(segment_bytes < WIRE_TCP_HEADER_MIN); break;
    case SYNFIN_REASON_DROP_NOT_LINEAR: require(head_bytes < segment_bytes); break;
    default:
        require(segment_bytes >= WIRE_TCP_HEADER_MIN);
        require(reason == SYNFIN_REASON_DROP_TCP_OFFSET || reason == SYNFIN_REASON_DROP_TCP_OPTION);
        break;
    }
    free(head);
    return 0;
}
