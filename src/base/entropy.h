// SPDX-License-Identifier: MIT
//
// Unpredictable numbers from one key drawn at creation: SipHash-2-4 of a counter. Deterministic
// for a given key, which is what the simulation wants, and unpredictable without it.
#ifndef SYNFIN_BASE_ENTROPY_H
#define SYNFIN_BASE_ENTROPY_H

#include <stdint.h>

#include "base/siphash.h"

struct entropy {
    struct siphash_key key;
    uint64_t counter;
};

void entropy_init(struct entropy *entropy, const struct siphash_key *key);
uint64_t entropy_next(struct entropy *entropy);
// A number below `bound`, without bias; `bound` must not be 0.
uint32_t entropy_below(struct entropy *entropy, uint32_t bound);

#endif
