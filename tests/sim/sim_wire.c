// SPDX-License-Identifier: MIT
//
// The network's own reading and writing of packets; see sim_wire.h.
#include "sim_wire.h"

#include <string.h>

enum {
    IP4_BYTES = 20,
    IP6_BYTES = 40,
    TCP_BYTES = 20,
    PROTOCOL_ICMP4 = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_ICMP6 = 58,
    ICMP_BYTES = 8,
    QUOTE4_BYTES = 548, // RFC 1812 §4.3.2.3: up to 576 octets in all
    QUOTE6_BYTES = 1232 // RFC 4443 §2.4: up to 1280 octets in all
};

bool sim_tcp_find(uint8_t *ip, uint32_t bytes, struct sim_tcp *out)
{
    uint32_t head = sim_is_ip6(ip) ? IP6_BYTES : (ip[0] & 15U) * 4;
    *out = (struct sim_tcp){.ip = ip, .is_ip6 = sim_is_ip6(ip)};
    if (bytes < IP4_BYTES || bytes < head + TCP_BYTES) {
        return false;
    }
    if (out->is_ip6) {
        out->ip_bytes = IP6_BYTES + sim_load16(ip + 4);
    } else {
        out->ip_bytes = sim_load16(ip + 2);
    }
    uint32_t protocol = out->is_ip6 ? ip[6] : ip[9];
    bool is_fragment = !out->is_ip6 && (sim_load16(ip + 6) & 0x3fff) != 0;
    if (protocol != PROTOCOL_TCP || is_fragment || out->ip_bytes > bytes
        || out->ip_bytes < head + TCP_BYTES) {
        return false;
    }
    out->tcp = ip + head;
    out->tcp_bytes = out->ip_bytes - head;
    out->head_bytes = (uint32_t)(out->tcp[12] >> 4) * 4;
    if (out->head_bytes < TCP_BYTES || out->head_bytes > out->tcp_bytes) {
        return false;
    }
    out->payload_bytes = out->tcp_bytes - out->head_bytes;
    return true;
}

uint8_t *sim_tcp_option(const struct sim_tcp *tcp, uint32_t kind)
{
    uint8_t *at = tcp->tcp + TCP_BYTES;
    uint8_t *end = tcp->tcp + tcp->head_bytes;
    while (at < end && *at != 0) {
        if (*at == 1) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || at[1] > end - at) {
            return NULL;
        }
        if (*at == kind) {
            return at;
        }
        at += at[1];
    }
    return NULL;
}

// Two words at a time: the sum's end comes round to its beginning all the same (RFC 1071 §2).
uint64_t sim_sum(const uint8_t *octets, uint32_t bytes, uint64_t sum)
{
    for (; bytes >= 4; bytes -= 4, octets += 4) {
        sum += sim_load32(octets);
    }
    if (bytes >= 2) {
        sum += sim_load16(octets);
        octets += 2;
        bytes -= 2;
    }
    if (bytes == 1) {
        sum += (uint32_t)*octets << 8;
    }
    return sum;
}

uint16_t sim_fold(uint64_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static uint16_t checksum(const uint8_t *ip, const uint8_t *octets, uint32_t bytes,
                         uint32_t protocol)
{
    bool is_ip6 = sim_is_ip6(ip);
    uint64_t sum = sim_sum(ip + (is_ip6 ? 8 : 12), is_ip6 ? 32 : 8, (uint64_t)protocol + bytes);
    return sim_fold(sim_sum(octets, bytes, sum));
}

void sim_tcp_seal(const struct sim_tcp *tcp)
{
    sim_store16(tcp->tcp + 16, 0);
    sim_store16(tcp->tcp + 16, checksum(tcp->ip, tcp->tcp, tcp->tcp_bytes, PROTOCOL_TCP));
}

void sim_ip4_seal(uint8_t *ip)
{
    sim_store16(ip + 10, 0);
    sim_store16(ip + 10, sim_fold(sim_sum(ip, (ip[0] & 15U) * 4, 0)));
}

uint16_t sim_ip6_checksum(const uint8_t *ip, const uint8_t *octets, uint32_t bytes,
                          uint32_t protocol)
{
    return checksum(ip, octets, bytes, protocol);
}

uint32_t sim_ip_put(uint8_t *ip, bool is_ip6, const uint8_t *src, const uint8_t *dst,
                    uint32_t bytes, uint32_t protocol)
{
    if (is_ip6) {
        memset(ip, 0, IP6_BYTES);
        ip[0] = 0x60;
        sim_store16(ip + 4, bytes);
        ip[6] = (uint8_t)protocol;
        ip[7] = 64;
        memcpy(ip + 8, src, 16);
        memcpy(ip + 24, dst, 16);
        return IP6_BYTES;
    }
    memset(ip, 0, IP4_BYTES);
    ip[0] = 0x45;
    sim_store16(ip + 2, IP4_BYTES + bytes);
    ip[8] = 64;
    ip[9] = (uint8_t)protocol;
    memcpy(ip + 12, src, 4);
    memcpy(ip + 16, dst, 4);
    sim_ip4_seal(ip);
    return IP4_BYTES;
}

uint32_t sim_icmp_put(uint8_t *out, const struct sim_icmp *icmp, const uint8_t *about,
                      uint32_t about_bytes)
{
    bool is_ip6 = sim_is_ip6(about);
    uint32_t most = is_ip6 ? QUOTE6_BYTES : QUOTE4_BYTES;
    uint32_t quote = about_bytes < most ? about_bytes : most;
    // RFC 1122 §3.2.2, RFC 4443 §2.4 (e): no error about an error.
    if ((is_ip6 ? about[6] : about[9]) != PROTOCOL_TCP || quote < IP4_BYTES + ICMP_BYTES) {
        return 0;
    }
    uint32_t protocol = is_ip6 ? PROTOCOL_ICMP6 : PROTOCOL_ICMP4;
    uint32_t bytes = ICMP_BYTES + quote;
    uint32_t head = sim_ip_put(out, is_ip6, icmp->src, about + (is_ip6 ? 8 : 12), bytes, protocol);
    uint8_t *at = out + head;
    at[0] = (uint8_t)icmp->type;
    at[1] = (uint8_t)icmp->code;
    sim_store16(at + 2, 0);
    sim_store32(at + 4, icmp->word);
    memcpy(at + ICMP_BYTES, about, quote);
    sim_store16(at + 2, is_ip6 ? checksum(out, at, bytes, PROTOCOL_ICMP6)
                               : sim_fold(sim_sum(at, bytes, 0)));
    return head + bytes;
}
