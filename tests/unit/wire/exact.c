// SPDX-License-Identifier: MIT
//
// Copies of exact size and repeatable random octets for the codecs' tests.

#include "exact.h"

#include <stdlib.h>
#include <string.h>

uint8_t *exact_copy(const void *from, size_t bytes)
{
    uint8_t *copy = malloc(bytes);
    if (copy == NULL && bytes != 0) {
        abort();
    }
    if (bytes != 0) {
        memcpy(copy, from, bytes);
    }
    return copy;
}

// xorshift64* (Vigna, 2016).
uint64_t exact_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

void exact_random_fill(uint64_t *state, uint8_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(exact_random(state) >> 56);
    }
}
