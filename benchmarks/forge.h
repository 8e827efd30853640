// SPDX-License-Identifier: MIT
//
// Segments made by hand, IPv4 without options: those of peers that exist only as addresses, and of
// attackers. A flood of SYNs is one template in which a few fields and, by what they add, the two
// checksums are changed, so that making a segment costs little beside what it causes.
#ifndef BENCHMARKS_FORGE_H
#define BENCHMARKS_FORGE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/synfin.h>

enum {
    FORGE_SYN_BYTES = 60, // IPv4, TCP, 20 octets of options
    FORGE_PAYLOAD_MAX = 64,
    FORGE_BYTES_MAX = 60 + FORGE_PAYLOAD_MAX,
};

// Addresses and ports in host order.
struct forge_segment {
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window;
    bool has_timestamps;  // its option, of the values below
    bool has_syn_options; // MSS, SACK, timestamps, window scale: 20 octets as Linux sends them
    uint32_t ts_val, ts_ecr;
    uint32_t sack_blocks; // with neither of the options above
    struct {
        uint32_t left, right;
    } sack[4];
    uint32_t payload_bytes; // each of the octet FORGE_OCTET
};

enum { FORGE_OCTET = 0xEE };

// Writes the datagram with its checksums; returns its octets, at most FORGE_BYTES_MAX.
uint32_t forge_emit(const struct forge_segment *segment, uint8_t *out);

// SYNs from random addresses (1.0.0.0 to 124.255.255.255) and ports to one endpoint.
struct forge_flood {
    uint8_t packet[FORGE_SYN_BYTES];
    uint64_t ip_sum, tcp_sum; // of the template, in which the random fields are 0
    uint64_t random;
};

void forge_flood_init(struct forge_flood *flood, uint32_t dst, uint16_t dst_port);
// Writes the next SYN, FORGE_SYN_BYTES octets.
void forge_flood_next(struct forge_flood *flood, uint8_t *out);
// Whether the datagram is from one of the flood's addresses.
bool forge_is_of_flood(const uint8_t *datagram);
// The next of a sequence of numbers without pattern; the state must not be 0.
uint64_t forge_random(uint64_t *state);

#endif
