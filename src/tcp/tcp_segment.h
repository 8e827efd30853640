// SPDX-License-Identifier: MIT
//
// The segment being processed, as the steps of segment input pass it along, and what a step
// decides.
#ifndef SYNFIN_TCP_SEGMENT_H
#define SYNFIN_TCP_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf/gather.h"
#include "tcp/tcp.h"
#include "wire/wire_tcp.h"

// The segment being processed. Steps trim it; the reason is what the trace will say of it.
struct tcp_segment {
    struct wire_tcp h;
    struct gather text; // payload, without SYN and FIN
    const struct tcp_arrival *arrival;
    uint16_t reason;            // enum synfin_reason
    uint64_t hash;              // of its pair, when no block has that
    uint32_t number;            // of the connection it belongs to, or of the listener; 0: none
    bool was_probe;             // of a shut window: its text was taken off
    bool was_syn;               // which was taken off; the window is not scaled
    struct tcp_stub *time_wait; // in which a SYN finds its pair, and which it ends when it is taken
};

// SEG.LEN: the sequence space that the segment takes.
static inline uint32_t tcp_segment_len(const struct tcp_segment *seg)
{
    return seg->text.bytes + ((seg->h.flags & SYNFIN_TCP_SYN) != 0)
           + ((seg->h.flags & SYNFIN_TCP_FIN) != 0);
}

static inline bool tcp_segment_has(const struct tcp_segment *seg, uint16_t flags)
{
    return (seg->h.flags & flags) != 0;
}

// What is left behind the SYN. The urgent pointer counts from the number of the segment, which now
// is the next one (RFC 9293 §3.1).
static inline void tcp_segment_take_syn_off(struct tcp_segment *seg)
{
    seg->h.flags &= (uint16_t)~SYNFIN_TCP_SYN;
    seg->h.seq = seq_add(seg->h.seq, 1);
    seg->h.urgent = (uint16_t)(seg->h.urgent - (seg->h.urgent > 0));
}

// What a step of segment input decides.
enum tcp_verdict {
    TCP_VERDICT_GO_ON,  // the next step
    TCP_VERDICT_ACCEPT, // done, the segment was acted on
    TCP_VERDICT_DROP,   // done, the segment was refused
};

static inline enum tcp_verdict tcp_segment_drop(struct tcp_segment *seg, enum synfin_reason reason)
{
    seg->reason = (uint16_t)reason;
    return TCP_VERDICT_DROP;
}

static inline enum tcp_verdict tcp_segment_accept(struct tcp_segment *seg,
                                                  enum synfin_reason reason)
{
    seg->reason = (uint16_t)reason;
    return TCP_VERDICT_ACCEPT;
}

#endif
