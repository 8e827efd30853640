// SPDX-License-Identifier: MIT
//
// A packet as devices and stacks exchange it: one linear part (`head`) followed by pieces that
// may lie elsewhere (`span`), and the facts of segmentation and checksum offload, which travel
// with it from the start so that a 64 KB super-packet is one packet everywhere inside.
//
//     room: [ headroom ........ | eth | ip | tcp ]   span[0] -> [payload]  span[1] -> [payload]
//                                ^ head, head_bytes
//
// Ownership. Packets are always the caller's. Packets given to synfin_stack_input are borrowed
// for the call. Packets filled by synfin_stack_output and their spans stay valid until the next
// call on that stack: a device copies or sends them before that.
#ifndef SYNFIN_PACKET_H
#define SYNFIN_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/error.h>
#include <synfin/reason.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    // Largest link + IPv6 + TCP headers: 18 + 40 + 60 = 118; the rest is for encapsulation.
    SYNFIN_PACKET_ROOM = 192,
    // A 64 KB payload out of 4 KB chunks that begins and ends inside a chunk: 17 pieces.
    SYNFIN_PACKET_SPANS = 17,
    // The largest IP datagram, RFC 791 §3.1.
    SYNFIN_PACKET_MAX = 65535,
};

// Octets somewhere else, borrowed.
struct synfin_span {
    const uint8_t *data;
    uint32_t bytes;
};

// Who has seen to the checksums.
enum synfin_checksum {
    SYNFIN_CHECKSUM_COMPLETE, // out: all checksums are filled in; in: must be verified
    SYNFIN_CHECKSUM_PARTIAL,  // out: the device sums from checksum_start, adds at checksum_offset
    SYNFIN_CHECKSUM_VERIFIED, // in: the device has verified the transport checksum
};

struct synfin_packet {
    uint8_t *head;            // linear octets; must hold every header up to the transport's
    uint32_t head_bytes;      // how many
    uint32_t bytes;           // head and all spans
    uint16_t spans;           // how many of span[] are in use
    uint16_t gso_bytes;       // payload octets per segment of a super-packet; 0: not one
    uint8_t checksum;         // enum synfin_checksum
    uint8_t is_duplicate;     // a fault link made this copy; captures and ladders say so
    uint16_t checksum_start;  // octets from head
    uint16_t checksum_offset; // octets from checksum_start
    uint16_t reason;          // enum synfin_reason: why it was sent; 0 when not known
    uint32_t conn;            // the sending stack's connection number; 0 when none
    struct synfin_span span[SYNFIN_PACKET_SPANS];
    uint8_t room[SYNFIN_PACKET_ROOM]; // where a stack builds headers; not used by input
};

// Makes `packet` one linear packet over `bytes` octets at `data` (borrowed), without offloads.
SYNFIN_API void synfin_packet_wrap(struct synfin_packet *packet, uint8_t *data, uint32_t bytes);
// Copies head and spans one after the other into `out`; returns the octets copied, 0 when
// `capacity` is less than packet->bytes.
SYNFIN_API uint32_t synfin_packet_copy(const struct synfin_packet *packet, uint8_t *out,
                                       uint32_t capacity);

#ifdef __cplusplus
}
#endif
#endif
