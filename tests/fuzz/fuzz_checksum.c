// SPDX-License-Identifier: MIT
//
// The Internet checksum of pieces of any length at any alignment, read or copied, with the
// processor's vectors and without, against RFC 1071 §1 taken by its words: 16 bits at a time.
#include <string.h>

#include "base/checksum.h"
#include "fuzz_input.h"
#include "lib/naive_checksum.h"

enum { OCTETS_MAX = 4096, PIECES_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t octets[OCTETS_MAX];
    static uint8_t copy[OCTETS_MAX];
    struct fuzz_input in = {data, size};
    struct checksum sum;
    checksum_init_for(&sum, (fuzz_take(&in, 1) & 1) != 0 && __builtin_cpu_supports("avx2") != 0);
    uint64_t lengths[PIECES_MAX];
    for (uint32_t i = 0; i < PIECES_MAX; i++) {
        lengths[i] = fuzz_take(&in, 1);
    }
    // What is left of the input, again and again, so that long pieces are met as well.
    for (uint32_t i = 0; i < OCTETS_MAX && in.bytes > 0; i++) {
        octets[i] = in.data[i % in.bytes];
    }
    size_t at = 0;
    for (uint32_t i = 0; i < PIECES_MAX; i++) {
        size_t bytes = lengths[i] % 128;
        if (lengths[i] >= 128) {
            checksum_add_copy(&sum, copy + at, octets + at, bytes);
            fuzz_require(memcmp(copy + at, octets + at, bytes) == 0);
        } else {
            checksum_add(&sum, octets + at, bytes);
        }
        at += bytes;
    }
    fuzz_require(checksum_finish(&sum) == naive_checksum(octets, at));
    fuzz_require(checksum_of(octets + at % 64, at) == naive_checksum(octets + at % 64, at));
    return 0;
}
