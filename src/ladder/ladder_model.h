// SPDX-License-Identifier: MIT
//
// What a ladder remembers: one record per thing that was fed, in the order in which it was fed,
// and one flow per pair of endpoints, which knows both initial sequence numbers and so turns
// absolute numbers into relative ones. The three renderers only read this.
//
// Invariants
//   1. records[i].at_ns never decreases with i, whatever times were fed.
//   2. A segment's `verdict` is the index of a later record of the other side, or 0 for none.
//   3. Once `is_cut` is set nothing is recorded any more, and every renderer says so.
#ifndef SYNFIN_LADDER_MODEL_H
#define SYNFIN_LADDER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/ladder.h>

enum {
    // A ladder is for a person: beyond this many records it says that it was cut.
    LADDER_RECORDS_MAX = 1 << 20,
    // How far back an earlier sending of the same octets is looked for.
    LADDER_LOOK_BACK = 4096,
    LADDER_NAME_MAX = 48,
};

enum ladder_kind {
    LADDER_KIND_SEGMENT,  // a TCP segment went onto the link
    LADDER_KIND_PACKET,   // anything else did, such as ARP
    LADDER_KIND_RECEIVED, // the stack at `side` acted on a segment
    LADDER_KIND_DROPPED,  // the stack at `side` refused a segment or packet
    LADDER_KIND_STATE,
    LADDER_KIND_TIMER, // a timer fired
    LADDER_KIND_NOTE,
    LADDER_KIND_RESULT,
};

// A segment, with its numbers relative to the initial ones.
struct ladder_segment {
    struct synfin_segment wire;
    uint32_t rel_seq, rel_ack;
    bool is_seq_far, is_ack_far; // has nothing to do with the initial number: of another life
    bool has_wire;               // false: a packet was dropped before its TCP header was read
};

struct ladder_passage {
    uint64_t arrives_ns; // SYNFIN_NEVER when lost
    size_t verdict;      // index of the RECEIVED or DROPPED record of its arrival; 0: none
    size_t text;         // PACKET: where its line begins in the texts
    size_t origin;       // where the name of a stranger who sent it begins, plus 1; 0: none
    enum synfin_fate fate;
    enum synfin_reason fate_reason;
    uint32_t tries; // 1 for the first sending of these octets
};

struct ladder_record {
    enum ladder_kind kind;
    enum synfin_link_side side; // who sent it, or whose stack told it
    enum synfin_reason reason;
    uint32_t flow; // from 1; 0: none
    uint64_t t_ns;
    uint64_t at_ns;                // the latest t_ns of all records up to this one
    struct ladder_segment segment; // SEGMENT, RECEIVED, DROPPED
    union {
        struct ladder_passage passage; // SEGMENT, PACKET
        struct {
            enum synfin_tcp_state from, to;
        } state;
        struct {
            enum synfin_tcp_timer timer;
            uint32_t count;
            bool has_waited;             // whether its arming was seen
            enum synfin_tcp_state state; // of the connection, while it waited
            uint64_t waited_ns;
        } timer;
        size_t text;             // NOTE: where it begins in the texts
        enum synfin_error error; // RESULT
    } as;
};

// What a folded run held, by sending side.
struct ladder_fold {
    uint64_t data_segments[2], octets[2], acks[2];
    uint64_t retransmitted, lost;
    uint64_t until_ns; // the time of its last item
};

struct ladder_flow {
    struct synfin_endpoint end[2]; // by enum synfin_link_side
    bool has_strangers;            // somebody else sent segments of this pair
    bool has_iss[2];
    uint32_t iss[2];
    enum synfin_tcp_state state[2];
    uint32_t sent_end[2]; // one past the highest sequence number seen from this side
    bool is_armed[2][SYNFIN_TCP_TIMER_COUNT];
    uint64_t armed_ns[2][SYNFIN_TCP_TIMER_COUNT];
};

struct synfin_ladder {
    char name[2][LADDER_NAME_MAX];
    bool has_colour, counts_steps, is_brief;
    size_t origin; // of the passages to come: where its name begins in the texts, plus 1; 0: none
    uint32_t width_columns;
    uint32_t fold_after;

    struct ladder_record *records;
    size_t records_used, records_room;
    struct ladder_flow *flows; // flow n is flows[n - 1]
    uint32_t flows_used, flows_room;
    char *texts; // NUL-terminated texts one behind the other
    size_t texts_used, texts_room;

    size_t first_open[2]; // by receiver: no earlier record awaits its verdict
    bool has_states[2];   // whether this side's stack was heard of
    bool is_cut;
};

static inline enum synfin_link_side ladder_model_other(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
}

#endif
