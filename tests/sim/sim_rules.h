// SPDX-License-Identifier: MIT
//
// Which invariants the judge is not held to in which worlds, and why: rules whose sums cannot
// follow what a fault does. Everything else is held to always.
#ifndef SIM_RULES_H
#define SIM_RULES_H

#include <stdbool.h>
#include <stdint.h>

// Rules that a world with these faults leaves out; both by bits.
uint64_t sim_rules_left_out(uint64_t faults);
// Reads names with commas between, such as "A3,T8"; false when one is unknown.
bool sim_rules_parse(const char *text, uint64_t *out);

#endif
