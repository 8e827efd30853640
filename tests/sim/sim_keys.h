// SPDX-License-Identifier: MIT
//
// What stacks draw in a world that is run twice.
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include "base/siphash.h"
#include "sim/sim.h"

// Of a host: keys of its second run under which the numbers of its longest stream turn over on its
// way, at 2^32 or 2^31, and its timestamps soon after it has begun.
struct sim_turn {
    bool is_known;
    struct siphash_key isn_key, ts_key;
};

// At the end of the first run: what the hosts will draw in the second.
void sim_keys_seek(const struct sim_world *world, struct sim_turn *turn /* of each host */);
// The entropy of a host's environment; `ctx` is its `memory`.
void sim_keys_draw(void *ctx, void *out, size_t bytes);
// After its stack was made.
void sim_keys_keep_slots(struct sim_host *host);

#endif
