// SPDX-License-Identifier: MIT
//
// A transfer of a fixed time over a wire_path: a receiver of the kernel on the right, and on the
// left a sender of the kernel or synfin's. They are processes that share one struct.
#ifndef BENCHMARKS_BULK_ENDS_H
#define BENCHMARKS_BULK_ENDS_H

#include <stdatomic.h>
#include <stdint.h>

#include "wire_path.h"

enum bulk_sender { BULK_SYNFIN, BULK_KERNEL };

struct bulk_result {
    double mbits;      // what the receiver's program got, from accept on
    uint64_t resent;   // segments, as the sender counts them
    uint64_t spurious; // segments that the receiver had already: it sent a D-SACK for each
    struct wire_path_figures wire[2];
};

// Sends for `time_ns` with the algorithm of this name, which both know.
void bulk_run(struct wire_path *path, enum bulk_sender sender, const char *congestion,
              uint64_t time_ns, struct bulk_result *result);

#endif
