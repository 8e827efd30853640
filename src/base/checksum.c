// SPDX-License-Identifier: MIT
//
// The ones' complement sum does not mind in which order and in which width words are added as
// long as carries come back in at the low end (RFC 1071 §2). So pieces are summed as 32-bit words
// in memory order into 64-bit lanes, in loops that compilers turn into vector code, and folded to
// 16 bits at the end. An odd octet before a piece turns its sum's octets around.
#include "base/checksum.h"

#include "base/bytes.h"

enum {
    MANY_BYTES = 128, // below, a vector loop's beginning and end cost more than they save
    BLOCK_BYTES = 64,
};

// The built-in copy: a freestanding compiler makes a call of the plain one.
static inline uint32_t load32(const uint8_t *p)
{
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

// What is left of a piece behind its last whole word, up to 3 octets, as if zeros followed.
static uint64_t sum_rest(const uint8_t *p, size_t bytes)
{
    uint8_t octets[4] = {0};
    for (size_t i = 0; i < bytes; i++) {
        octets[i] = p[i];
    }
    return load32(octets);
}

// Few octets: eight at a time with the carry added back, which compilers leave in plain registers.
static inline uint64_t sum_few(const uint8_t *p, size_t bytes)
{
    uint64_t sum = 0;
    for (; bytes >= 8; p += 8, bytes -= 8) {
        uint64_t word;
        __builtin_memcpy(&word, p, sizeof word);
        sum += word;
        sum += sum < word;
    }
    sum = (sum & UINT32_MAX) + (sum >> 32);
    if (bytes >= 4) {
        sum += load32(p);
        p += 4;
        bytes -= 4;
    }
    return sum + sum_rest(p, bytes);
}

static uint64_t sum_words(const uint8_t *p, size_t words)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < words; i++) {
        sum += load32(p + 4 * i);
    }
    return sum;
}

#if defined(__x86_64__)
typedef uint64_t quad __attribute__((vector_size(32)));

#    define AVX2 __attribute__((target("avx2")))

// 32 octets: the low and the high halves of four 64-bit lanes.
AVX2 static inline void add_quad(quad *low, quad *high, const uint8_t *p)
{
    quad words;
    __builtin_memcpy(&words, p, sizeof words);
    *low += words & UINT32_MAX;
    *high += words >> 32;
}

// The same in vectors, 64 octets a turn; `blocks` of them.
AVX2 static uint64_t sum_blocks_avx2(const uint8_t *p, size_t blocks)
{
    quad a = {0}, b = {0}, c = {0}, d = {0};
    for (; blocks > 0; blocks--, p += BLOCK_BYTES) {
        add_quad(&a, &b, p);
        add_quad(&c, &d, p + sizeof(quad));
    }
    a += b + c + d;
    return a[0] + a[1] + a[2] + a[3];
}
#else
static uint64_t sum_blocks_avx2(const uint8_t *p, size_t blocks)
{
    return sum_words(p, blocks * (BLOCK_BYTES / 4));
}
#endif

static uint64_t sum_many(const uint8_t *p, size_t bytes, bool has_avx2)
{
    size_t blocks = bytes / BLOCK_BYTES;
    size_t whole = blocks * BLOCK_BYTES;
    uint64_t sum = has_avx2 ? sum_blocks_avx2(p, blocks) : sum_words(p, whole / 4);
    return sum + sum_few(p + whole, bytes - whole);
}

static uint64_t sum_words_copy(uint8_t *restrict to, const uint8_t *restrict from, size_t words)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < words; i++) {
        uint32_t word = load32(from + 4 * i);
        __builtin_memcpy(to + 4 * i, &word, sizeof word);
        sum += word;
    }
    return sum;
}

static uint32_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum;
}

static void add_piece(struct checksum *sum, uint64_t piece, size_t bytes)
{
    uint32_t folded = fold(piece);
    if (sum->is_odd != 0) {
        folded = (folded & 0xff) << 8 | folded >> 8;
    }
    sum->sum += folded;
    sum->is_odd ^= (uint16_t)(bytes & 1);
}

void checksum_add(struct checksum *sum, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t piece = bytes < MANY_BYTES ? sum_few(p, bytes) : sum_many(p, bytes, sum->has_avx2);
    add_piece(sum, piece, bytes);
}

void checksum_add_copy(struct checksum *sum, void *to, const void *from, size_t bytes)
{
    size_t whole = bytes & ~(size_t)3;
    uint8_t *out = to;
    const uint8_t *p = from;
    uint64_t piece = sum_words_copy(out, p, bytes / 4);
    piece += sum_rest(p + whole, bytes - whole);
    for (size_t i = whole; i < bytes; i++) {
        out[i] = p[i];
    }
    add_piece(sum, piece, bytes);
}

uint16_t checksum_finish(const struct checksum *sum)
{
    uint16_t folded = (uint16_t)~fold(sum->sum);
    uint8_t octets[2];
    __builtin_memcpy(octets, &folded, sizeof octets);
    return bytes_load16(octets);
}

uint16_t checksum_of(const void *data, size_t bytes)
{
    struct checksum sum;
    checksum_init(&sum);
    checksum_add(&sum, data, bytes);
    return checksum_finish(&sum);
}
