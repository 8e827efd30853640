// SPDX-License-Identifier: MIT
//
// What of a transfer is kept for its picture, as its audience hears it.
#ifndef SYNFIN_CLI_LAB_RECORD_H
#define SYNFIN_CLI_LAB_RECORD_H

#include "cli/lab_bars.h"
#include "cli/lab_series.h"
#include "cli/lab_transfer.h"

enum { LAB_TRACKS_MAX = 8 }; // flows that are drawn

// One flow; times are the sender's, but those of what got through.
struct lab_track {
    struct lab_series acked, sacked, window_end; // places of octets
    struct lab_series cwnd, ssthresh, flight;    // octets
    struct lab_series islands; // octets that SACK tells to have arrived beyond a gap
    struct lab_series pacing_bps;
    struct lab_series got_through; // octets in all, when they arrive
    struct lab_series rtt_ns;
    struct lab_bars sent, again, spurious;                // when they are sent
    struct lab_bars lost_random, lost_queue, lost_chosen; // what the path loses, when it is sent
};

// Something set the congestion window.
struct lab_turn {
    uint64_t t_ns;
    uint32_t flow;
    enum synfin_reason reason;
    uint32_t cwnd_bytes, ssthresh_bytes;
};

struct lab_record {
    uint64_t from_ns, to_ns; // nothing else is kept
    uint32_t tracks;
    struct lab_track *track;
    struct lab_series waits_ns; // in the path's queue
    struct lab_turn *turn;
    uint32_t turns, turns_capacity;
    bool is_out_of_memory;
};

// For the first LAB_TRACKS_MAX of `flows`. False without memory.
bool lab_record_init(struct lab_record *record, uint32_t flows, uint64_t from_ns, uint64_t to_ns);
void lab_record_deinit(struct lab_record *record);
// Functions of struct lab_audience whose ctx is the record.
void lab_record_packet(struct lab_record *record, uint32_t flow,
                       const struct synfin_passage *passage, const struct lab_sighting *sighting,
                       const struct lab_oracle *oracle);
void lab_record_info(struct lab_record *record, uint32_t flow, const struct synfin_tcp_info *info,
                     uint64_t now_ns);
void lab_record_congestion(struct lab_record *record, uint32_t flow,
                           const struct synfin_trace_event *event);
// False when something that should be drawn is missing.
bool lab_record_is_whole(const struct lab_record *record);

#endif
