// SPDX-License-Identifier: MIT
//
// What the fuzz targets of containers share: the input, taken from the front, and a requirement
// that ends the run.
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
    const uint8_t *data;
    size_t bytes;
};

// A number of so many octets; zeros when the input is over.
static inline uint64_t fuzz_take(struct fuzz_input *in, uint32_t octets)
{
    uint64_t value = 0;
    for (; octets > 0 && in->bytes > 0; octets--, in->bytes--) {
        value = value << 8 | *in->data++;
    }
    return value;
}

static inline void fuzz_require(bool holds)
{
    if (!holds) {
        abort();
    }
}

#endif
