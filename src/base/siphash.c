// SPDX-License-Identifier: MIT
//
// SipHash with c compression and d finalisation rounds. The rounds are arguments of functions
// that are always inlined, so that each variant is compiled with its own constants.
#include "base/siphash.h"

struct sip_state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, uint32_t bits)
{
    return (x << bits) | (x >> (64 - bits));
}

// Octets are read as little endian on every machine; compilers make one load of it.
static inline uint64_t load64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24
           | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48
           | (uint64_t)p[7] << 56;
}

static inline uint64_t load32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static inline void mix(struct sip_state *s, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

static inline void absorb(struct sip_state *s, uint64_t word, uint32_t rounds)
{
    s->v3 ^= word;
    mix(s, rounds);
    s->v0 ^= word;
}

__attribute__((always_inline)) static inline uint64_t
hash(const struct siphash_key *key, const uint8_t *p, size_t bytes, uint32_t c, uint32_t d)
{
    // The constants are the octets "somepseudorandomlygeneratedbytes" of the definition.
    struct sip_state s = {
        key->k0 ^ UINT64_C(0x736f6d6570736575),
        key->k1 ^ UINT64_C(0x646f72616e646f6d),
        key->k0 ^ UINT64_C(0x6c7967656e657261),
        key->k1 ^ UINT64_C(0x7465646279746573),
    };
    const uint8_t *end = p + (bytes & ~(size_t)7);
    for (; p != end; p += 8) {
        absorb(&s, load64(p), c);
    }
    // The last word: what is left, and the length modulo 256 on top.
    uint64_t last = (uint64_t)bytes << 56;
    uint32_t left = (uint32_t)bytes & 7;
    uint32_t whole = left & 4; // pairs of endpoints are 36 octets
    if (whole != 0) {
        last |= load32(p);
    }
    for (uint32_t i = whole; i < left; i++) {
        last |= (uint64_t)p[i] << (8 * i);
    }
    absorb(&s, last, c);
    s.v2 ^= 0xff;
    mix(&s, d);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash_24(const struct siphash_key *key, const void *data, size_t bytes)
{
    return hash(key, data, bytes, 2, 4);
}

uint64_t siphash_13(const struct siphash_key *key, const void *data, size_t bytes)
{
    return hash(key, data, bytes, 1, 3);
}
