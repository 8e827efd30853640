// SPDX-License-Identifier: MIT
//
// The trail of a world: segments at the doors of its stacks and what they tell of themselves, in
// order. A first run lays it, a second one with other keys follows it, and the first step beside it
// is reported with everything that differs.
#ifndef ORACLE_TRAIL_H
#define ORACLE_TRAIL_H

#include <stdint.h>

#include "sim/oracle_internal.h"

enum { ORACLE_STEP_FIELDS = 13 };

// What a step is: a segment that leaves, how often something had happened when a stack ends, or an
// event of the trace, of its kind.
enum { ORACLE_STEP_SEGMENT, ORACLE_STEP_COUNTED, ORACLE_STEP_TOLD };

struct oracle_step {
    uint64_t now_ns;
    uint32_t host, conn; // conn: the stack's number; 0: none
    uint16_t what;       // one of these; ORACLE_STEP_TOLD + enum synfin_trace_kind
    uint16_t reason;
    bool is_loose; // may part from the other run: what keys decide, and not the stack
    uint32_t field[ORACLE_STEP_FIELDS]; // what they are follows from `what`; see oracle_trail.c
};

// X(code, name): of a segment that leaves. Numbers are counted from the first.
#define ORACLE_SHAPE(X)             \
    X(FLAGS, "flags")               \
    X(OCTETS, "octets")             \
    X(PAYLOAD, "payload")           \
    X(WINDOW, "window")             \
    X(MSS, "MSS")                   \
    X(WSCALE, "window scale")       \
    X(CLASS, "traffic class")       \
    X(BLOCKS, "SACK blocks")        \
    X(SEQ, "SEG.SEQ")               \
    X(ACK, "SEG.ACK")               \
    X(EDGES, "hash of their edges") \
    X(STAMP, "TSval")               \
    X(ECHO, "TSecr")

enum oracle_shape_field {
#define ORACLE_SHAPE_ENUM(code, name) ORACLE_SHAPE_##code,
    ORACLE_SHAPE(ORACLE_SHAPE_ENUM)
#undef ORACLE_SHAPE_ENUM
        ORACLE_SHAPE_FIELDS
};

_Static_assert((int)ORACLE_SHAPE_FIELDS <= (int)ORACLE_STEP_FIELDS,
               "a step has room for a segment");

// The next step of the world that this host is in: adds it, or compares.
void oracle_trail_step(struct oracle_host *host, const struct oracle_step *step);
// There are no more.
void oracle_trail_end(struct oracle *oracle, uint64_t now_ns);

#endif
