// SPDX-License-Identifier: MIT
//
// Breadth first through the states of one scenario, so that the way to whatever is found is the
// shortest. A state is kept as its digest and the step that led to it; to go on from it the steps
// are taken again from the last world that both ways share.
#ifndef EXPLORE_SEARCH_H
#define EXPLORE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "explore_law.h"
#include "explore_world.h"

struct explore_tally {
    uint64_t states, steps;
    uint32_t depth;   // steps of the longest way
    bool is_complete; // no state was left to look at
    bool has_failed;
    bool edge[EXPLORE_STATES][EXPLORE_STATES];
    bool pair[EXPLORE_STATES][EXPLORE_STATES];
};

// Prints the way to the first state where a property fails, and ends there. `may_tick` false: the
// negative control of a world whose timers do not help it to its end.
void explore_search(const struct explore_scenario *scenario, bool may_tick,
                    struct explore_tally *tally);

#endif
