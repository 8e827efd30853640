// SPDX-License-Identifier: MIT
//
// Names of the invariants, as the command line has them. Every world is held to all of them,
// whatever its faults are, but for those that were left out by hand.
#ifndef SIM_RULES_H
#define SIM_RULES_H

#include <stdbool.h>
#include <stdint.h>

// Reads names with commas between, such as "A3,T8"; false when one is unknown.
bool sim_rules_parse(const char *text, uint64_t *out);

#endif
