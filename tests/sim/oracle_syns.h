// SPDX-License-Identifier: MIT
//
// SYNs that have arrived for a pair, the last few by their numbers: which of them a stack has
// answered shows only in its answer, and forged ones may have come between.
#ifndef ORACLE_SYNS_H
#define ORACLE_SYNS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/oracle.h"
#include "sim/oracle_decode.h"

// What a SYN has offered, or what became of it.
struct oracle_offer {
    bool is_known, has_timestamps, has_sack, has_fastopen;
    int16_t wscale; // -1: none
    uint16_t mss;
};

void oracle_offer_read(struct oracle_offer *offer, const struct oracle_packet *syn);
bool oracle_offer_is_same(const struct oracle_offer *a, const struct oracle_offer *b);

// What came of the SYNs of one number.
struct oracle_syn {
    uint32_t seq, window;
    uint32_t bytes;  // of data, at most
    bool is_genuine; // all of them
    bool is_mixed;   // they have offered different things
    struct oracle_offer offer;
};

enum { ORACLE_SYNS_MAX = 8 };

struct oracle_syns {
    struct oracle_syn at[ORACLE_SYNS_MAX];
    uint32_t count; // of numbers, with those that are forgotten
};

void oracle_syns_note(struct oracle_syns *syns, const struct oracle_packet *packet,
                      enum oracle_origin origin);
// That of this number; NULL: none, or it is forgotten.
const struct oracle_syn *oracle_syns_find(const struct oracle_syns *syns, uint32_t seq);
// The one that this number acknowledges, with its data or without.
const struct oracle_syn *oracle_syns_acked(const struct oracle_syns *syns, uint32_t ack);
// What the peer whose SYN had this number has offered.
void oracle_syns_read(const struct oracle_syns *syns, uint32_t seq, struct oracle_offer *out);

#endif
