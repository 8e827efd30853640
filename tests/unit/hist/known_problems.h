// SPDX-License-Identifier: MIT
//
// The known problems of RFC 2525 as checks of what one end hears and sends, one for each section
// that a trace can show. Each counts how often its situation came up, so that a check that never
// had anything to say is noticed.
#ifndef KNOWN_PROBLEMS_H
#define KNOWN_PROBLEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/transfer.h"

enum {
    ITEM_NO_SLOW_START = 1,      // §2.1, and §2.3 where the peer's SYN has no MSS option
    ITEM_SLOW_START_AFTER_RTO,   // §2.2
    ITEM_WINDOW_NOT_SET,         // §2.3
    ITEM_INCONSISTENT_RESEND,    // §2.4
    ITEM_DATA_NOT_RETAINED,      // §2.5
    ITEM_ADDITIVE_CONSTANT,      // §2.6
    ITEM_RTO_TOO_LOW,            // §2.7
    ITEM_NO_DEFLATION,           // §2.8
    ITEM_KEEPALIVE_TOO_SHORT,    // §2.9
    ITEM_NO_BACKOFF,             // §2.10
    ITEM_KEEPALIVE_TOO_OFTEN,    // §2.11
    ITEM_PROBE_DEADLOCK,         // §2.12
    ITEM_STRETCH_ACK,            // §2.13
    ITEM_SEVERAL_RESENT,         // §2.14
    ITEM_LATE_FIN,               // §2.15
    ITEM_NO_RST_AFTER_CLOSE,     // §2.16
    ITEM_NO_RST_WITH_DATA,       // §2.17
    ITEM_OPTIONS_NOT_SUBTRACTED, // §2.18
    ITEMS,
    RANGES_MAX = 1024,
};

struct known_problems {
    struct transfer *transfer;
    uint32_t end;
    uint64_t seen[ITEMS], broken[ITEMS];

    // As a sender; places count from its ISS.
    uint32_t iss, peer_mss;
    bool has_iss, has_peer_mss, has_ack, has_fin;
    uint64_t una, nxt, una_moved_ns, first_syn_ns;
    uint64_t first_flight, since_timeout, resent_since_ack, timeout_at_ns, timeout_gap_ns;
    bool is_after_timeout, was_recovering, had_timeout;
    uint64_t round_end, rounds, epoch_cwnd;

    // As a receiver; places count from the peer's ISS.
    uint32_t irs;
    uint64_t heard_ns, full_segments, full_since_ns;
    struct {
        uint64_t left, right;
    } range[RANGES_MAX];
    uint32_t ranges;
};

void known_problems_init(struct known_problems *audit, struct transfer *transfer, uint32_t end);
const char *known_problems_name(uint32_t item);

#endif
