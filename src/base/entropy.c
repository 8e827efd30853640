// SPDX-License-Identifier: MIT
//
// A counter through a keyed hash. The counter is hashed as octets of a fixed order, so that one
// key gives one sequence on every machine.
#include "base/entropy.h"

#include "base/check.h"

void entropy_init(struct entropy *entropy, const struct siphash_key *key)
{
    entropy->key = *key;
    entropy->counter = 0;
}

uint64_t entropy_next(struct entropy *entropy)
{
    uint8_t octets[8];
    for (uint32_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(entropy->counter >> (8 * i));
    }
    entropy->counter++;
    return siphash_24(&entropy->key, octets, sizeof octets);
}

// Scales 32 random bits to [0, bound) by a multiplication (Lemire, 2019). Of the 2^32 draws the
// first 2^32 mod bound would be one too many for some results: those are drawn again.
uint32_t entropy_below(struct entropy *entropy, uint32_t bound)
{
    ASSERT(bound != 0);
    uint32_t surplus = (0 - bound) % bound;
    uint64_t product;
    do {
        product = (entropy_next(entropy) >> 32) * bound;
    } while ((uint32_t)product < surplus);
    return (uint32_t)(product >> 32);
}
