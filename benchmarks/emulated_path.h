// SPDX-License-Identifier: MIT
//
// Two stacks joined by the fault link in virtual time: senders on one, receivers on the other, and
// no clock but a number. The same configuration gives the same figures on every machine.
#ifndef BENCHMARKS_EMULATED_PATH_H
#define BENCHMARKS_EMULATED_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>
#include <synfin/synfin.h>

enum { EMULATED_PATH_FLOWS_MAX = 10 };

#define EMULATED_PATH_S UINT64_C(1000000000)

// What has happened since the path was opened.
struct emulated_path_totals {
    uint64_t time_ns;
    uint64_t octets[EMULATED_PATH_FLOWS_MAX]; // that each receiver's program has got
    uint64_t packets;                         // that the senders' stack gave to the link
    uint64_t resent;                          // segments sent again
    uint64_t queued, queue_ns; // packets that were not lost, and how long they waited
};

struct emulated_path {
    synfin_stack *stack[2]; // senders, receivers
    struct synfin_device *device[2];
    synfin_link *link;
    uint64_t delay_ns, seed[3], run; // run: --seed, other chance on the same path
    synfin_socket listener, sender[EMULATED_PATH_FLOWS_MAX];
    uint32_t flows;
    struct emulated_path_totals totals;
};

// `buffer_bytes` is the room that each end of each flow has. With a link that marks, both ask for
// ECN.
void emulated_path_open(struct emulated_path *path, const struct synfin_link_config *link,
                        uint32_t buffer_bytes);
void emulated_path_close(struct emulated_path *path);
// One more flow, which sends all that it may from now on.
void emulated_path_add(struct emulated_path *path, const char *congestion);
// Lets so much time pass, or less when so many packets were sent before.
void emulated_path_run(struct emulated_path *path, uint64_t time_ns, uint64_t packets_max);

#endif
