// SPDX-License-Identifier: MIT
//
// A sender's window on a path, without a connection: packets of one size, a bottleneck with a
// queue that drops what does not fit, a fixed delay, and an acknowledgment for each packet. Losses
// are learnt of a round trip later and repaired for nothing, as an ideal recovery would.
#ifndef TESTS_UNIT_TCP_CC_PATH_H
#define TESTS_UNIT_TCP_CC_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_cc.h"

enum { CC_PATH_MSS = 1448, CC_PATH_PACKETS_MAX = 1 << 18 };

#define CC_PATH_S  UINT64_C(1000000000)
#define CC_PATH_MS UINT64_C(1000000)

struct cc_path_packet {
    uint64_t sent_ns, ack_ns;
    bool is_lost;
};

struct cc_path {
    // Set before the first turn.
    uint64_t rate_bps; // 0: no bottleneck
    uint64_t rtt_ns;
    uint32_t queue_bytes; // UINT32_MAX: never full
    uint32_t loss_every;  // lose each n-th packet; 0: none
    bool has_no_rtt;      // no samples are given
    struct tcp_cc cc;

    uint64_t now_ns, link_free_ns, srtt_ns;
    uint64_t sent, settled; // packets, their numbers counted from 0
    uint64_t round_end, recover;
    bool is_recovering;
    uint64_t delivered, lost, losses; // packets, packets, events
    uint64_t queue_peak_bytes;
    struct tcp_cc_ack ack;                             // the last one
    struct cc_path_packet packet[CC_PATH_PACKETS_MAX]; // in flight, by number
};

// With an initial window of 10 segments. Freed by cc_path_destroy.
struct cc_path *cc_path_create(const struct tcp_cc_ops *ops, uint64_t rate_bps, uint64_t rtt_ns,
                               uint32_t queue_bytes);
void cc_path_destroy(struct cc_path *path);
// Sends what the window lets go, then takes one acknowledgment or learns of one loss.
void cc_path_turn(struct cc_path *path);
void cc_path_run_until(struct cc_path *path, uint64_t end_ns);
// Octets that the path holds without a queue.
uint64_t cc_path_bdp(const struct cc_path *path);

#endif
