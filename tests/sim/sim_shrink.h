// SPDX-License-Identifier: MIT
//
// Worlds run in processes of their own, and a world that failed is made smaller for as long as the
// same rule is broken: fewer faults, hosts, connections, octets.
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim/sim_world.h"

// The world of this number of the run with this seed.
uint64_t sim_world_seed(uint64_t seed, uint64_t number);
// Runs the world in a process of its own, so that what stops the program is a result as well.
void sim_try(uint64_t seed, const struct sim_switches *switches,
             const struct sim_run_options *options, struct sim_result *result);
// Cuts `switches` down; `result` is that of the smallest world, which fails as the first one did.
// Returns how many worlds were tried.
uint32_t sim_shrink(uint64_t seed, struct sim_switches *switches, struct sim_result *result);

#endif
