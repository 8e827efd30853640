// SPDX-License-Identifier: MIT
//
// The TCP header (RFC 9293 §3.1) and its options: octets to host-order values and back. Parsing
// proves every length once; what it returns needs no further checks of form.
#ifndef SYNFIN_WIRE_TCP_H
#define SYNFIN_WIRE_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>
#include <synfin/trace.h>

#include "base/checksum.h"
#include "base/seq.h"

enum { WIRE_TCP_HEADER_MIN = 20, WIRE_TCP_HEADER_MAX = 60 };

enum { WIRE_FASTOPEN_COOKIE_MIN = 4, WIRE_FASTOPEN_COOKIE_MAX = 16 };

struct wire_sack_block {
    struct seq left, right;
};

// The AccECN options, RFC 9768 §3.2.3: counters of octets by their marks. Order 0 is EE0B, ECEB,
// EE1B; order 1 is EE1B, ECEB, EE0B; the last ones may be left out.
enum { WIRE_ACCECN_0 = 172, WIRE_ACCECN_1 = 174, WIRE_ACCECN_FIELDS = 3 };

struct wire_accecn {
    uint8_t kind;                       // 0: none
    uint8_t fields;                     // how many are there
    uint32_t field[WIRE_ACCECN_FIELDS]; // 24 bits each
};

struct wire_tcp {
    uint16_t src_port, dst_port;
    struct seq seq, ack;
    uint16_t flags; // SYNFIN_TCP_*
    uint16_t window, urgent, checksum;
    uint8_t header_bytes; // 20-60, options included

    // Options; those a segment of its kind may not carry are parsed all the same.
    bool has_mss, has_wscale, has_sack_permitted, has_timestamps, has_fastopen;
    bool is_fastopen_experimental; // in the option shared by experiments, as before RFC 7413
    uint8_t wscale_shift;          // as on the wire, not limited to 14
    uint8_t sack_blocks;
    uint8_t cookie_bytes; // of Fast Open: 0 asks for one, else 4-16 and even, RFC 7413 §4.1.1
    uint16_t mss;
    uint32_t ts_val, ts_ecr;
    struct wire_accecn accecn;
    struct wire_sack_block sack[SYNFIN_SACK_BLOCKS_MAX];
    uint8_t cookie[WIRE_FASTOPEN_COOKIE_MAX];
};

// Reads the header of a segment of `segment_bytes` octets, of which `head_bytes` are at `p`.
// UNKNOWN when it is well formed, else DROP_TCP_SHORT, DROP_TCP_OFFSET, DROP_TCP_OPTION, or
// DROP_NOT_LINEAR when the segment has its whole header but not in one piece. An option whose
// length is impossible spoils the segment; a known kind in a length that is not its own is passed
// over, as unknown kinds are. Of options that are there twice the last counts. `out` is written at
// all times, its arrays up to their counts. With DROP_TCP_OPTION the header and the options before
// the bad one are told all the same.
enum synfin_reason wire_tcp_parse(const uint8_t *p, uint32_t head_bytes, uint32_t segment_bytes,
                                  struct wire_tcp *out);
// How long the header with these options is, a multiple of 4; `header_bytes` is not read.
uint32_t wire_tcp_emitted_bytes(const struct wire_tcp *tcp);
// Writes header and options, with the checksum field 0; returns its length, at most 60: SACK
// blocks that do not fit are left out from the end. Options stand in this order:
// SYN: MSS, SACK permitted, timestamps, NOP, window scale, Fast Open (two NOPs stand before SACK
// permitted when there are no timestamps, and behind Fast Open when its length is no multiple
// of 4), AccECN behind as many NOPs as make it whole words; else: NOP NOP timestamps, AccECN, NOP
// NOP SACK. All of a SYN's with the longest cookie take 40, and AccECN is left out where it
// does not fit.
uint32_t wire_tcp_emit(uint8_t *p, const struct wire_tcp *tcp);
// Stores a checksum into an emitted header.
void wire_tcp_set_checksum(uint8_t *p, uint16_t checksum);
// Adds the pseudo-header of either IP version (RFC 9293 §3.1, RFC 8200 §8.1).
void wire_pseudo_header_add(struct checksum *sum, const struct synfin_addr *src,
                            const struct synfin_addr *dst, uint8_t protocol, uint32_t bytes);
// The segment as traces show it.
void wire_tcp_describe(const struct wire_tcp *tcp, const struct synfin_addr *src,
                       const struct synfin_addr *dst, uint32_t payload_bytes,
                       struct synfin_segment *out);

#endif
