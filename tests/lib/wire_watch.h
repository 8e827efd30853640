// SPDX-License-Identifier: MIT
//
// An observer of a link between two stacks that judges every packet they send, by a decoder and by
// sums of its own: octets, right edges, acknowledgments. It knows what each octet of each stream
// must be, so a retransmission with the wrong contents is seen even when nobody needed it.
#ifndef WIRE_WATCH_H
#define WIRE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>

// What one end has sent.
struct wire_end {
    uint32_t iss, isn_seen; // isn_seen: its SYN was seen
    uint64_t written;       // octets that its user has queued so far
    uint64_t highest;       // stream octets sent so far
    uint32_t ack, edge;     // relative to the other's ISS: the largest it has sent
    int16_t wscale;         // of its SYN; -1: none
    uint16_t mss;           // of its SYN
    bool has_fin;
    uint32_t fin; // relative
    uint64_t segments, data_segments, again;
};

struct wire_watch {
    uint64_t seed;
    struct wire_end end[2];
    bool may_reset;        // from now on a RST is in order
    bool may_retract;      // a smaller window field is in order: the scale's unit (RFC 7323 §2.4)
    const char *complaint; // NULL while all is well
    char text[200];        // the packet it is about
};

// The octet at `offset` of the stream that `end` sends.
uint8_t wire_watch_octet(uint64_t seed, uint32_t end, uint64_t offset);
// The same for the `bytes` octets from there on.
void wire_watch_fill(uint64_t seed, uint32_t end, uint64_t offset, uint8_t *out, uint32_t bytes);
void wire_watch_init(struct wire_watch *watch, uint64_t seed);
// A synfin_passage_fn.
void wire_watch_see(void *ctx, const struct synfin_passage *passage);

#endif
