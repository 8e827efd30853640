// SPDX-License-Identifier: MIT
//
// The run of one world: faults, then healing, then everything must end, then nothing may be left.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "sim/sim.h"
#include "sim/sim_record.h"

struct sim_totals {
    uint64_t connections, segments, faults, octets, violations, worlds;
    uint64_t frames, delivered; // as the engine counts them: packets sent, octets read
    uint64_t sim_ms;            // of virtual time; in ns centuries would not fit
    uint64_t steps, parted;     // that were the same with other keys; worlds that parted by design
};

struct sim_result {
    struct sim_totals totals;
    uint64_t hash;
    uint64_t failed_ns;      // virtual time of the violation
    char rule[8];            // such as "Q4"; "engine" when no rule of the judge's is broken; ""
    char text[SIM_TEXT_MAX]; // what was violated
    struct sim_pair pair;    // whose connection it was
};

struct sim_run_options {
    bool has_hash;
    const char *record; // where to keep the run; NULL: nowhere
    struct sim_pair pair;
};

void sim_world_run(const struct sim_plan *plan, const struct sim_run_options *options,
                   struct sim_result *result);

#endif
