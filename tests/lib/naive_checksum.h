// SPDX-License-Identifier: MIT
//
// The Internet checksum as RFC 1071 §1 has it: words of 16 bits, one after the other.
#ifndef NAIVE_CHECKSUM_H
#define NAIVE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t naive_checksum(const uint8_t *octets, size_t bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

#endif
