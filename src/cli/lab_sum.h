// SPDX-License-Identifier: MIT
//
// The figures of a transfer, of one flow or of all of them together, as both reports tell them.
#ifndef SYNFIN_CLI_LAB_SUM_H
#define SYNFIN_CLI_LAB_SUM_H

#include "cli/lab_transfer.h"

struct lab_sum {
    uint64_t received_bytes;
    uint64_t segments, octets, acks, ack_octets, lost;
    uint64_t again, again_bytes, spurious, spurious_bytes;
    uint64_t again_by[SYNFIN_REASON_COUNT], congestion_by[SYNFIN_REASON_COUNT];
    uint64_t timeouts, recoveries, undos, marks; // marks: cuts that a router's mark caused
    bool is_intact;
};

void lab_sum_add(struct lab_sum *sum, const struct lab_flow *flow);
// Of all flows.
void lab_sum_all(struct lab_sum *sum, const struct lab_transfer *transfer);
// Segments for which the receiver had no room. To the oracle they have arrived.
uint64_t lab_sum_refused(const struct lab_transfer *transfer);
// The window's mean over the flow's time.
uint64_t lab_sum_cwnd_mean(const struct lab_flow *flow);
// "done", "running" or, as outcomes are written, the error: "timed-out".
const char *lab_sum_outcome(const struct lab_flow *flow, char *text, size_t capacity);

#endif
