// SPDX-License-Identifier: MIT
//
// What the simulated network reads and writes of packets: just enough for switches, routers and
// those who tamper. It shares nothing with the stack, nor with the judge.
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_ETH_BYTES = 14,
    SIM_TYPE_IP4 = 0x0800,
    SIM_TYPE_ARP = 0x0806,
    SIM_TYPE_IP6 = 0x86dd,
    SIM_FIN = 1,
    SIM_SYN = 2,
    SIM_RST = 4,
    SIM_ACK = 16,
};

static inline uint32_t sim_load16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t sim_load32(const uint8_t *p)
{
    return sim_load16(p) << 16 | sim_load16(p + 2);
}

static inline void sim_store16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void sim_store32(uint8_t *p, uint32_t value)
{
    sim_store16(p, value >> 16);
    sim_store16(p + 2, value);
}

// A whole TCP segment within an IP datagram, not a fragment.
struct sim_tcp {
    uint8_t *ip, *tcp;
    uint32_t ip_bytes;  // of the datagram
    uint32_t tcp_bytes; // header and payload
    uint32_t head_bytes;
    uint32_t payload_bytes;
    bool is_ip6;
};

// Whether it is one.
bool sim_tcp_find(uint8_t *ip, uint32_t bytes, struct sim_tcp *out);
// The option of this kind, at its kind octet; NULL: none.
uint8_t *sim_tcp_option(const struct sim_tcp *tcp, uint32_t kind);
static inline uint32_t sim_tcp_flags(const struct sim_tcp *tcp)
{
    return tcp->tcp[13];
}

// The complement sum over octets, added to `sum`, and what a checksum field shows of it.
uint64_t sim_sum(const uint8_t *octets, uint32_t bytes, uint64_t sum);
uint16_t sim_fold(uint64_t sum);
// Writes the TCP checksum, the checksum of an IPv4 header.
void sim_tcp_seal(const struct sim_tcp *tcp);
void sim_ip4_seal(uint8_t *ip);
// The checksum of ICMP version 6 or of any transport over these addresses.
uint16_t sim_ip6_checksum(const uint8_t *ip, const uint8_t *octets, uint32_t bytes,
                          uint32_t protocol);

// Writes an IP header without options for `bytes` octets of payload; returns its length.
uint32_t sim_ip_put(uint8_t *ip, bool is_ip6, const uint8_t *src, const uint8_t *dst,
                    uint32_t bytes, uint32_t protocol);
struct sim_icmp {
    const uint8_t *src; // 4 or 16 octets
    uint32_t type, code;
    uint32_t word; // behind the checksum
};
// An ICMP error about the datagram `about`, to its source. Returns its length, or 0 when it must
// not be sent.
uint32_t sim_icmp_put(uint8_t *out, const struct sim_icmp *icmp, const uint8_t *about,
                      uint32_t about_bytes);
// The destination and the source within an IP header, 4 or 16 octets long.
static inline bool sim_is_ip6(const uint8_t *ip)
{
    return ip[0] >> 4 == 6;
}

#endif
