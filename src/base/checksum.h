// SPDX-License-Identifier: MIT
//
// The Internet checksum (RFC 1071). Sums are carried as 64-bit ones' complement accumulators of
// 16-bit words in memory order and folded at the end, so that pieces can be added one by one.
#ifndef SYNFIN_BASE_CHECKSUM_H
#define SYNFIN_BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A running sum over pieces of any length, also odd ones.
struct checksum {
    uint64_t sum;
    uint16_t is_odd; // an odd number of octets was added so far
    bool has_avx2;   // the processor's vectors may be used
};

static inline void checksum_init(struct checksum *sum)
{
    sum->sum = 0;
    sum->is_odd = 0;
    sum->has_avx2 = false;
}

// The same for a processor of which cpu.h has said what it can do.
static inline void checksum_init_for(struct checksum *sum, bool has_avx2)
{
    checksum_init(sum);
    sum->has_avx2 = has_avx2;
}

// Adds one 32-bit word as it lies in memory; only after an even number of octets.
static inline void checksum_add_word(struct checksum *sum, const uint8_t word[4])
{
    uint32_t value;
    __builtin_memcpy(&value, word, sizeof value);
    sum->sum += value;
}

void checksum_add(struct checksum *sum, const void *data, size_t bytes);
// Copies while adding.
void checksum_add_copy(struct checksum *sum, void *to, const void *from, size_t bytes);
// The complemented, folded sum as a host-order number: what the header's field must hold; over
// a packet whose field is filled in correctly it is 0.
uint16_t checksum_finish(const struct checksum *sum);
// One piece, the whole way.
uint16_t checksum_of(const void *data, size_t bytes);

#endif
