// SPDX-License-Identifier: MIT
//
// SipHash-2-4 and the shorter SipHash-1-3 (Aumasson and Bernstein, 2012): the keyed hashes behind
// tables that an attacker may fill and numbers that an attacker must not predict.
#ifndef SYNFIN_BASE_SIPHASH_H
#define SYNFIN_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

// 2 compression and 4 finalisation rounds: for secrets seen on the wire (sequence numbers).
uint64_t siphash_24(const struct siphash_key *key, const void *data, size_t bytes);
// 1 and 3 rounds: for hash tables, whose values never leave the stack.
uint64_t siphash_13(const struct siphash_key *key, const void *data, size_t bytes);

#endif
