// SPDX-License-Identifier: MIT
//
// A bulk transfer in the lab: one or more flows from the client to the server, at the same time,
// over one emulated path in virtual time, and what became of them. Nothing is drawn or kept but
// figures unless somebody asks for more, so that a gigabyte takes seconds.
//
//     flow 1 ┐                                         ┌ flow 1
//     flow 2 ┼ stack[A] - side A - link - side B - stack[B] ┼ flow 2
//     ...    ┘               └── oracle ──┘                └ ...
#ifndef SYNFIN_CLI_LAB_TRANSFER_H
#define SYNFIN_CLI_LAB_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/ladder.h>
#include <synfin/link.h>
#include <synfin/synfin.h>

#include "cli/lab_oracle.h"

enum { LAB_FLOWS_MAX = 256 };

// One that is told what happens, as it happens; any function may be NULL.
struct lab_audience {
    void *ctx;
    void (*passage)(void *ctx, const struct synfin_passage *passage);
    // A flow's packet, with what it was; `flow` from 0.
    void (*packet)(void *ctx, uint32_t flow, const struct synfin_passage *passage,
                   const struct lab_sighting *sighting, const struct lab_oracle *oracle);
    // What the flow's sender says of itself, whenever it has sent or received something.
    void (*info)(void *ctx, uint32_t flow, const struct synfin_tcp_info *info, uint64_t now_ns);
    void (*trace)(void *ctx, enum synfin_link_side side, const struct synfin_trace_event *event);
    void (*congestion)(void *ctx, uint32_t flow, const struct synfin_trace_event *event);
};

struct lab_transfer_config {
    const struct synfin_link_config *link;
    const struct synfin_stack_config *stack;
    uint64_t seed;
    bool is_ipv6;
    uint64_t bytes;   // of each flow
    uint64_t time_ns; // the end for all; SYNFIN_NEVER: when every flow has sent its octets
    uint32_t flows;   // 1-LAB_FLOWS_MAX
    uint64_t stagger_ns;
    const enum synfin_congestion *congestion; // those of the flows, in turn
    uint32_t congestions;
    struct lab_audience audience;
};

struct lab_flow {
    const struct lab_transfer *transfer;
    uint32_t number; // from 0
    enum synfin_congestion congestion;
    uint64_t start_ns;
    synfin_socket sender, receiver; // 0: none
    bool has_begun, is_done;
    uint64_t end_ns; // when the receiver read the last octet, or the flow failed
    enum synfin_error error;
    uint64_t given_bytes, received_bytes;
    uint64_t received_before; // of these, before all flows ran at the same time
    uint64_t received_within; // and while all did
    bool has_wrong_octet;

    struct lab_oracle oracle;
    bool is_touched; // something has happened to its sender since the last look
    uint64_t timeouts;
    uint64_t congestion_by[SYNFIN_REASON_COUNT]; // why the window was set
    uint64_t looked_ns;                          // when the window was looked at last
    uint32_t cwnd_bytes, cwnd_bytes_max;
    uint64_t cwnd_area;               // octets times microseconds
    struct synfin_tcp_info last_info; // while it lived
};

struct lab_transfer {
    struct lab_transfer_config config; // what it points to is borrowed
    uint64_t now_ns;
    synfin_stack *stack[2];
    synfin_link *link;
    synfin_socket listener;
    struct synfin_endpoint endpoint[2];
    uint64_t random[2]; // states of the hosts' entropy
    struct lab_transfer_tap {
        struct lab_transfer *transfer;
        enum synfin_link_side side;
    } tap[2];
    struct lab_flow *flow; // config.flows of them
    uint32_t flows_begun, flows_over;
    uint64_t all_began_ns, all_ended_ns; // while every flow ran; both 0 when that never was
    struct cli_spread waits;             // of the client's packets in the queue for the rate
    uint8_t *pattern;                    // what is sent, again and again
    uint64_t end_ns;                     // when the last flow was over
};

// Errors: INVALID (a configuration the library refuses), NO_MEMORY. On failure nothing is left.
SYNFIN_MUST_USE enum synfin_error lab_transfer_create(const struct lab_transfer_config *config,
                                                      struct lab_transfer *out);
// Plays until nothing more can happen, or until config.time_ns.
void lab_transfer_run(struct lab_transfer *transfer);
void lab_transfer_destroy(struct lab_transfer *transfer);

// Octets per second times eight: from the flow's start to its end.
uint64_t lab_transfer_goodput(const struct lab_flow *flow);
// What the path can carry of payload in segments as large as this transfer's; 0: no limit.
uint64_t lab_transfer_capacity(const struct lab_transfer *transfer);
// Jain's index of what the flows carried while all of them ran, in parts per million; 0 when they
// never did.
uint64_t lab_transfer_jain(const struct lab_transfer *transfer);

#endif
