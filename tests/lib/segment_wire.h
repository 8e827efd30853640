// SPDX-License-Identifier: MIT
//
// Segments as octets and back, for tests: written from RFC 791, 8200 and 9293 alone and sharing
// no code with the library, so that it can judge what the library sends.
#ifndef SEGMENT_WIRE_H
#define SEGMENT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>

enum {
    SEGMENT_WIRE_MAX = 70000,
    SEGMENT_OPTIONS_MAX = 40,
    SEGMENT_SACK_MAX = 4,
    SEGMENT_COOKIE_MAX = 16,
};

// The Fast Open option; 0 octets ask for a cookie.
struct segment_cookie {
    bool is_set;
    uint8_t bytes;
    uint8_t octets[SEGMENT_COOKIE_MAX];
    bool is_experimental; // kind 254 and 0xf989 before it, as before RFC 7413
};

// The AccECN option: kind 172 or 174, or 0, and its counters in their order.
struct segment_accecn {
    uint8_t kind, fields;
    uint32_t field[3];
};

// A segment with its IP header, in host order.
struct segment_wire {
    struct synfin_addr src, dst;
    uint16_t src_port, dst_port;
    uint8_t traffic_class, hop_limit;
    uint32_t seq, ack;
    uint16_t flags, window, urgent;
    uint16_t mss;        // option; 0: absent
    int16_t wscale;      // option; -1: absent
    bool sack_permitted; // option
    bool has_timestamps;
    uint32_t ts_val, ts_ecr;
    uint8_t sack_blocks;
    struct {
        uint32_t left, right;
    } sack[SEGMENT_SACK_MAX];
    struct segment_cookie fastopen;     // option
    struct segment_accecn accecn;       // option
    uint8_t extra[SEGMENT_OPTIONS_MAX]; // options as octets, after those above; building only
    uint8_t extra_bytes;
    bool has_bad_checksum; // building only
    const uint8_t *payload;
    uint32_t payload_bytes;
};

// Writes the packet, IPv4 or IPv6 by its source address; returns its octets.
uint32_t segment_wire_build(const struct segment_wire *segment, uint8_t *out);
// Reads a packet strictly: NULL when every length, checksum and option is as it must be, else
// what is wrong. `payload` points into `octets`.
const char *segment_wire_parse(const uint8_t *octets, uint32_t bytes, struct segment_wire *out);
// Whether it is a TCP packet at all.
bool segment_wire_is_tcp(const uint8_t *octets, uint32_t bytes);
// Writes an ICMP or ICMPv6 error from `router` that quotes `quoted` (at most `quoted_bytes`);
// `rest` is the second word of its header: the MTU where one is told. Returns its octets.
uint32_t segment_wire_build_icmp(const struct synfin_addr *router, const struct segment_wire *sent,
                                 const uint8_t type_code[2], uint32_t rest, uint8_t *out);

#endif
