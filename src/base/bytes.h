// SPDX-License-Identifier: MIT
//
// Loads and stores of network order, the only place where octets meet integers. Used by the
// codecs of src/wire; network order never leaves that folder.
#ifndef SYNFIN_BASE_BYTES_H
#define SYNFIN_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t bytes_load16(const uint8_t *p)
{
    return (uint16_t)(((uint32_t)p[0] << 8) | p[1]);
}

static inline uint32_t bytes_load32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline void bytes_store16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void bytes_store32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

#endif
