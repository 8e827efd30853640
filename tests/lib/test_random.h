// SPDX-License-Identifier: MIT
//
// Random numbers for tests, from a seed that stands in the test: SplitMix64 (Steele, Lea and
// Flood, 2014). On purpose not the library's own generator.
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

// A number below `bound`, which must not be 0; the bias of the remainder does not matter here.
static inline uint32_t test_random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(test_random(state) >> 32) % bound;
}

static inline void test_random_fill(uint64_t *state, void *out, size_t bytes)
{
    uint8_t *p = out;
    for (size_t i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(test_random(state) >> 56);
    }
}

#endif
