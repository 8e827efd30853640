// SPDX-License-Identifier: MIT
//
// Cutting super-packets; see drill_cut.h. Lengths, checksums and the sequence number change from
// segment to segment. FIN and PSH belong to the end of the whole, CWR to its beginning.
#include "packetdrill/drill_cut.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

enum {
    IP4_HEADER = 20,
    IP4_LENGTH_AT = 2,
    IP4_FRAGMENT_AT = 6,
    IP4_FRAGMENT = 0x3fff, // more fragments, and the offset
    IP4_PROTOCOL_AT = 9,
    IP4_CHECKSUM_AT = 10,
    IP4_ADDRESSES_AT = 12,
    IP6_LENGTH_AT = 4,
    IP6_NEXT_AT = 6,
    IP6_ADDRESSES_AT = 8,
    IP6_HEADER = 40,
    SEQUENCE_AT = 4,
    OFFSET_AT = 12,
    FLAGS_AT = 13,
    CHECKSUM_AT = 16,
    TCP_HEADER = 20,
    FIN_PSH = 0x01 | 0x08,
    CWR = 0x80,
    SYN_RST_ACK_URG = 0x02 | 0x04 | 0x10 | 0x20,
    ACK = 0x10,
};

static bool is_ip4(const uint8_t *ip)
{
    return ip[0] >> 4 == 4;
}

static uint32_t ip_header_bytes(const uint8_t *ip)
{
    return is_ip4(ip) ? (ip[0] & 15U) * 4 : IP6_HEADER;
}

uint32_t drill_cut_header_bytes(const uint8_t *whole)
{
    uint32_t ip_bytes = ip_header_bytes(whole);
    return ip_bytes + (whole[ip_bytes + OFFSET_AT] >> 4) * 4U;
}

static uint32_t load16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

// An IP packet, all of it, with TCP behind a header without extensions.
static bool is_tcp(const uint8_t *ip, uint32_t bytes)
{
    if (bytes >= IP4_HEADER + TCP_HEADER && is_ip4(ip)) {
        return load16(ip + IP4_LENGTH_AT) == bytes && ip[IP4_PROTOCOL_AT] == IPPROTO_TCP
               && (load16(ip + IP4_FRAGMENT_AT) & IP4_FRAGMENT) == 0
               && ip_header_bytes(ip) + TCP_HEADER <= bytes;
    }
    return bytes >= IP6_HEADER + TCP_HEADER && ip[0] >> 4 == 6 && ip[IP6_NEXT_AT] == IPPROTO_TCP
           && load16(ip + IP6_LENGTH_AT) + IP6_HEADER == bytes;
}

uint32_t drill_cut_text_bytes(const uint8_t *whole, uint32_t bytes)
{
    if (!is_tcp(whole, bytes)) {
        return 0;
    }
    uint32_t head_bytes = drill_cut_header_bytes(whole);
    bool is_plain = (whole[ip_header_bytes(whole) + FLAGS_AT] & SYN_RST_ACK_URG) == ACK;
    return is_plain && head_bytes < bytes ? bytes - head_bytes : 0;
}

static void store16(uint8_t *p, uint32_t number)
{
    p[0] = (uint8_t)(number >> 8);
    p[1] = (uint8_t)number;
}

// RFC 1071: words in network order; a packet's octets do not overflow the sum.
static uint32_t add_words(uint32_t sum, const uint8_t *p, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at++) {
        sum += at % 2 == 0 ? (uint32_t)p[at] << 8 : p[at];
    }
    return sum;
}

static uint32_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return ~(sum + (sum >> 16)) & 0xffff;
}

static void seal_ip(uint8_t *ip, uint32_t bytes)
{
    if (is_ip4(ip)) {
        store16(ip + IP4_LENGTH_AT, bytes);
        store16(ip + IP4_CHECKSUM_AT, 0);
        store16(ip + IP4_CHECKSUM_AT, fold(add_words(0, ip, ip_header_bytes(ip))));
    } else {
        store16(ip + IP6_LENGTH_AT, bytes - IP6_HEADER);
    }
}

// Over the pseudo-header too, RFC 9293 §3.1.
static void seal_tcp(uint8_t *ip, uint32_t bytes)
{
    uint8_t *tcp = ip + ip_header_bytes(ip);
    uint32_t tcp_bytes = bytes - ip_header_bytes(ip);
    uint32_t sum = IPPROTO_TCP + tcp_bytes;
    sum = is_ip4(ip) ? add_words(sum, ip + IP4_ADDRESSES_AT, 8)
                     : add_words(sum, ip + IP6_ADDRESSES_AT, 32);
    store16(tcp + CHECKSUM_AT, 0);
    store16(tcp + CHECKSUM_AT, fold(add_words(sum, tcp, tcp_bytes)));
}

static void move_sequence(uint8_t *tcp, uint32_t by)
{
    uint32_t number;
    memcpy(&number, tcp + SEQUENCE_AT, sizeof number);
    number = htonl(ntohl(number) + by);
    memcpy(tcp + SEQUENCE_AT, &number, sizeof number);
}

uint32_t drill_cut(const uint8_t *whole, uint32_t bytes, uint32_t at, uint32_t text_bytes,
                   uint8_t *out)
{
    uint32_t head_bytes = drill_cut_header_bytes(whole);
    uint32_t left = bytes - head_bytes - at;
    if (left == 0) {
        return 0;
    }
    bool is_last = left <= text_bytes;
    uint32_t text = is_last ? left : text_bytes;
    uint8_t *tcp = out + ip_header_bytes(whole);
    memcpy(out, whole, head_bytes);
    memcpy(out + head_bytes, whole + head_bytes + at, text);
    move_sequence(tcp, at);
    tcp[FLAGS_AT] &= (uint8_t) ~(is_last ? 0 : FIN_PSH);
    tcp[FLAGS_AT] &= (uint8_t) ~(at == 0 ? 0 : CWR);
    seal_ip(out, head_bytes + text);
    seal_tcp(out, head_bytes + text);
    return head_bytes + text;
}
