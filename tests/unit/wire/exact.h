// SPDX-License-Identifier: MIT
//
// What the codecs' tests share: copies in memory of exactly their size, so that AddressSanitizer
// sees every read past the end, and repeatable random octets.
#ifndef SYNFIN_TESTS_EXACT_H
#define SYNFIN_TESTS_EXACT_H

#include <stddef.h>
#include <stdint.h>

// To be freed by the caller.
uint8_t *exact_copy(const void *from, size_t bytes);
// The next number of a fixed sequence; `state` starts as anything but 0.
uint64_t exact_random(uint64_t *state);
void exact_random_fill(uint64_t *state, uint8_t *p, size_t bytes);

#endif
