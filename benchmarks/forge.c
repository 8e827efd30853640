// SPDX-License-Identifier: MIT
//
// Hand-made segments. Checksums are summed in the order of memory, not of the network: the sum in
// ones' complement is the same number with its octets swapped (RFC 1071 §2 (B)).
#include "forge.h"

#include <string.h>

enum {
    IP_BYTES = 20,
    TCP_BYTES = 20,
    AT_IP_SUM = 10,
    AT_SRC = 12,
    AT_SRC_PORT = 20,
    AT_SEQ = 24,
    AT_TCP_SUM = 36,
    PROTOCOL_TCP = 6,
    FIRST_NETWORK = 1,
    NETWORKS = 124,
};

static void put16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put32(uint8_t *out, uint32_t value)
{
    put16(out, value >> 16);
    put16(out + 2, value);
}

static uint64_t sum_words(const uint8_t *data, uint32_t bytes)
{
    uint64_t sum = 0;
    uint32_t i = 0, word;
    uint16_t half = 0;
    for (; i + sizeof word <= bytes; i += (uint32_t)sizeof word) {
        memcpy(&word, data + i, sizeof word);
        sum += word;
    }
    if (i + sizeof half <= bytes) {
        memcpy(&half, data + i, sizeof half);
        sum += half;
        i += (uint32_t)sizeof half;
    }
    if (i < bytes) {
        half = 0;
        memcpy(&half, data + i, 1);
        sum += half;
    }
    return sum;
}

static void put_sum(uint8_t *out, uint64_t sum)
{
    sum = (sum >> 32) + (sum & UINT32_MAX);
    sum = (sum >> 16) + (sum & UINT16_MAX);
    sum = (sum >> 16) + (sum & UINT16_MAX);
    sum = (sum >> 16) + (sum & UINT16_MAX);
    uint16_t folded = (uint16_t)~sum;
    memcpy(out, &folded, sizeof folded);
}

// The pseudo-header's part that is not in the IPv4 header's addresses.
static uint64_t sum_pseudo(uint32_t tcp_bytes)
{
    uint8_t words[4] = {0, PROTOCOL_TCP};
    put16(words + 2, tcp_bytes);
    return sum_words(words, sizeof words);
}

static uint32_t put_timestamps(const struct forge_segment *segment, uint8_t *out)
{
    put32(out, 0x0101080A); // two no-operations, kind 8, length 10
    put32(out + 4, segment->ts_val);
    put32(out + 8, segment->ts_ecr);
    return 12;
}

static uint32_t put_syn_options(const struct forge_segment *segment, uint8_t *out)
{
    put32(out, 0x020405B4); // MSS 1460
    put16(out + 4, 0x0402); // SACK permitted
    put16(out + 6, 0x080A);
    put32(out + 8, segment->ts_val);
    put32(out + 12, segment->ts_ecr);
    put32(out + 16, 0x01030307); // window scale 7
    return 20;
}

static uint32_t put_sack(const struct forge_segment *segment, uint8_t *out)
{
    put32(out, 0x01010500 | (2 + 8 * segment->sack_blocks)); // two no-operations, kind 5, length
    for (uint32_t i = 0; i < segment->sack_blocks; i++) {
        put32(out + 4 + 8 * i, segment->sack[i].left);
        put32(out + 8 + 8 * i, segment->sack[i].right);
    }
    return 4 + 8 * segment->sack_blocks;
}

static void put_ip(const struct forge_segment *segment, uint32_t bytes, uint8_t *out)
{
    memset(out, 0, IP_BYTES);
    out[0] = 0x45;
    put16(out + 2, bytes);
    out[6] = 0x40; // do not fragment
    out[8] = 64;
    out[9] = PROTOCOL_TCP;
    put32(out + AT_SRC, segment->src);
    put32(out + 16, segment->dst);
}

static void put_tcp(const struct forge_segment *segment, uint32_t options, uint8_t *out)
{
    put16(out, segment->src_port);
    put16(out + 2, segment->dst_port);
    put32(out + 4, segment->seq);
    put32(out + 8, segment->ack);
    out[12] = (uint8_t)((TCP_BYTES + options) << 2);
    out[13] = segment->flags;
    put16(out + 14, segment->window);
    put32(out + 16, 0); // checksum and urgent pointer
}

uint32_t forge_emit(const struct forge_segment *segment, uint8_t *out)
{
    uint8_t *tcp = out + IP_BYTES;
    uint32_t options = segment->has_syn_options   ? put_syn_options(segment, tcp + TCP_BYTES)
                       : segment->has_timestamps  ? put_timestamps(segment, tcp + TCP_BYTES)
                       : segment->sack_blocks > 0 ? put_sack(segment, tcp + TCP_BYTES)
                                                  : 0;
    uint32_t tcp_bytes = TCP_BYTES + options + segment->payload_bytes;
    memset(tcp + TCP_BYTES + options, FORGE_OCTET, segment->payload_bytes);
    put_ip(segment, IP_BYTES + tcp_bytes, out);
    put_tcp(segment, options, tcp);
    put_sum(out + AT_IP_SUM, sum_words(out, IP_BYTES));
    put_sum(out + AT_TCP_SUM,
            sum_words(tcp, tcp_bytes) + sum_words(out + AT_SRC, 8) + sum_pseudo(tcp_bytes));
    return IP_BYTES + tcp_bytes;
}

uint64_t forge_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(2685821657736338717);
}

void forge_flood_init(struct forge_flood *flood, uint32_t dst, uint16_t dst_port)
{
    const struct forge_segment segment = {
        .dst = dst,
        .dst_port = dst_port,
        .flags = SYNFIN_TCP_SYN,
        .window = 64240,
        .has_syn_options = true,
        .ts_val = 1,
    };
    (void)forge_emit(&segment, flood->packet);
    memset(flood->packet + AT_IP_SUM, 0, 2);
    memset(flood->packet + AT_TCP_SUM, 0, 2);
    flood->ip_sum = sum_words(flood->packet, IP_BYTES);
    flood->tcp_sum = sum_words(flood->packet + AT_SRC, FORGE_SYN_BYTES - AT_SRC)
                     + sum_pseudo(FORGE_SYN_BYTES - IP_BYTES);
    flood->random = UINT64_C(0x5EED5EED5EED5EED);
}

void forge_flood_next(struct forge_flood *flood, uint8_t *out)
{
    uint64_t first = forge_random(&flood->random), second = forge_random(&flood->random);
    uint8_t src[4];
    uint32_t addr;
    uint16_t port = (uint16_t)(first >> 32 | 1);
    uint32_t seq = (uint32_t)second;
    put32(src, (uint32_t)first);
    src[0] = (uint8_t)(FIRST_NETWORK + (first >> 48) % NETWORKS);
    memcpy(&addr, src, sizeof addr);
    memcpy(out, flood->packet, FORGE_SYN_BYTES);
    memcpy(out + AT_SRC, &addr, sizeof addr);
    memcpy(out + AT_SRC_PORT, &port, sizeof port);
    memcpy(out + AT_SEQ, &seq, sizeof seq);
    put_sum(out + AT_IP_SUM, flood->ip_sum + addr);
    put_sum(out + AT_TCP_SUM, flood->tcp_sum + addr + port + seq);
}

bool forge_is_of_flood(const uint8_t *datagram)
{
    return datagram[AT_SRC] >= FIRST_NETWORK && datagram[AT_SRC] < FIRST_NETWORK + NETWORKS;
}
