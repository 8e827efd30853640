// SPDX-License-Identifier: MIT
//
// The judge's own decoder, written from RFC 791, 8200, 792, 4443, 826 and 9293 and sharing no code
// with the stack: strict for what a stack sends, and honest about what arrives.
#ifndef ORACLE_DECODE_H
#define ORACLE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>

enum { ORACLE_SACK_MAX = 4, ORACLE_COOKIE_MAX = 16 };

enum oracle_kind {
    ORACLE_KIND_OTHER, // none of those below, or too broken to tell
    ORACLE_KIND_TCP,
    ORACLE_KIND_ICMP, // ICMP and ICMPv6
    ORACLE_KIND_ARP,
    ORACLE_KIND_FRAGMENT,
};

enum {
    ORACLE_FIN = 1,
    ORACLE_SYN = 2,
    ORACLE_RST = 4,
    ORACLE_PSH = 8,
    ORACLE_ACK = 16,
    ORACLE_URG = 32,
};

// A packet in host order. What follows `kind` holds as far as that says.
struct oracle_packet {
    enum oracle_kind kind;
    bool is_v6;
    struct synfin_addr src, dst;
    uint8_t hop_limit, traffic_class, protocol;
    const uint8_t *datagram, *body; // from the IP header on; from the transport header on
    uint32_t datagram_bytes, body_bytes;

    uint16_t src_port, dst_port, flags, window, urgent;
    uint32_t seq, ack, header_bytes;
    uint16_t mss;   // option; 0: absent
    int16_t wscale; // option; -1: absent
    bool has_sack_permitted, has_timestamps, has_fastopen;
    uint32_t ts_val, ts_ecr;
    uint8_t cookie_bytes, sack_blocks;
    struct {
        uint32_t left, right;
    } sack[ORACLE_SACK_MAX];
    const uint8_t *payload;
    uint32_t payload_bytes;
    uint32_t length; // SEG.LEN: payload, SYN and FIN
};

struct oracle_form {
    bool is_ethernet;
    bool is_partial;    // checksum of the transport is left to the device
    bool is_unverified; // do not sum: it is known to be right
    bool is_strict;     // as a stack must send it
    bool has_bare_data; // SYNs may have data and no cookie: RFC 7413 §5.1, as configured
};

// Two things that may be wrong and have an invariant of their own: M5 and I2.
extern const char oracle_wrong_padding[];
extern const char oracle_wrong_chain[];

// Reads a frame or datagram. NULL when all of it is as it must be; else what is wrong, and *out
// says as much as could be told. `out` points into `octets`.
const char *oracle_decode(const uint8_t *octets, uint32_t bytes, const struct oracle_form *form,
                          struct oracle_packet *out);
// The Internet checksum's folded sum of octets (RFC 1071), begun with `sum`; 0xffff is right.
uint32_t oracle_sum(const uint8_t *octets, uint32_t bytes, uint32_t sum);

static inline uint16_t oracle_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t oracle_get32(const uint8_t *at)
{
    return (uint32_t)oracle_get16(at) << 16 | oracle_get16(at + 2);
}

#endif
