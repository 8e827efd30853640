// SPDX-License-Identifier: MIT
//
// What a sender does, as somebody sees it who stands beside the link and knows each packet's fate:
// what was sent again and why, what of that was for nothing, and how long acknowledgments took. It
// knows nothing of the sender's own bookkeeping, and so can judge it.
//
// Octets are counted from 0, the first one behind the SYN. A hole is a stretch of them of which no
// transmission has got through yet; what is sent again and lies in no hole was sent for nothing,
// because an earlier transmission has arrived or is on its way.
#ifndef SYNFIN_CLI_LAB_ORACLE_H
#define SYNFIN_CLI_LAB_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>

#include "cli/cli_spread.h"
#include "cli/lab_ranges.h"

// A segment on its way whose acknowledgment will tell a round trip.
struct lab_timed {
    uint64_t end, sent_ns;
    bool is_again; // sent more than once: which one is acknowledged is not known
};

struct lab_oracle {
    bool has_first;
    uint32_t first_seq; // of octet 0
    uint64_t sent;      // octets sent so far, each counted once
    struct lab_ranges holes;
    struct lab_timed *timed; // a queue: those from timed_first on
    uint32_t timed_first, timed_end, timed_capacity;
    uint64_t sampled;          // acknowledgments up to here have told theirs
    uint64_t acked, sacked;    // the greatest place told, the latter of SACK or of both
    struct lab_ranges islands; // what SACK has told beyond `acked`
    bool is_out_of_memory;     // nothing more is told

    uint64_t segments, octets; // with data, as packets on the wire
    uint64_t acks, ack_octets; // what came back
    uint64_t lost;             // of the segments, whatever the cause
    uint64_t got_through;      // octets that have arrived or are on their way, each counted once
    uint64_t again, again_bytes;
    uint64_t spurious, spurious_bytes; // of those, all of the segment; octets of any segment
    uint64_t again_by[SYNFIN_REASON_COUNT];
    uint32_t packet_bytes_max, payload_bytes_max; // of one segment
    uint8_t window_shift;                         // of what comes back
    uint64_t window_end;                          // the receiver's edge as last told
    struct cli_spread rtt;
};

// What a packet was, for those who draw.
struct lab_sighting {
    uint64_t begin, end; // its octets; both 0 without data
    bool is_again, is_spurious;
    uint64_t rtt_ns; // that the receiver's packet tells; 0: none
};

// A packet of the sender.
void lab_oracle_sent(struct lab_oracle *oracle, const struct synfin_passage *passage,
                     const struct synfin_segment *segment, struct lab_sighting *out);
// A packet of the receiver.
void lab_oracle_returned(struct lab_oracle *oracle, const struct synfin_passage *passage,
                         const struct synfin_segment *segment, struct lab_sighting *out);
void lab_oracle_deinit(struct lab_oracle *oracle);

#endif
