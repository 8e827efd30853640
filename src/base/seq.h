// SPDX-License-Identifier: MIT
//
// Sequence numbers: positions in a circle of 2^32 (RFC 9293 §3.4). A type of their
// own, so that `a < b` does not compile; lengths stay uint32_t. Comparisons are meaningful for
// positions less than 2^31 apart; at exactly 2^31 neither is before the other's successor, and
// callers that take numbers from the wire bound the distance first.
#ifndef SYNFIN_BASE_SEQ_H
#define SYNFIN_BASE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

struct seq {
    uint32_t n;
};

static inline struct seq seq_make(uint32_t n)
{
    return (struct seq){n};
}

static inline struct seq seq_add(struct seq a, uint32_t length)
{
    return (struct seq){a.n + length};
}

static inline struct seq seq_sub(struct seq a, uint32_t length)
{
    return (struct seq){a.n - length};
}

// Octets from `from` up to `to`; the caller knows that `to` is not before `from`.
static inline uint32_t seq_distance(struct seq from, struct seq to)
{
    return to.n - from.n;
}

static inline bool seq_eq(struct seq a, struct seq b)
{
    return a.n == b.n;
}

static inline bool seq_lt(struct seq a, struct seq b)
{
    return (int32_t)(a.n - b.n) < 0;
}

static inline bool seq_le(struct seq a, struct seq b)
{
    return (int32_t)(a.n - b.n) <= 0;
}

static inline bool seq_gt(struct seq a, struct seq b)
{
    return seq_lt(b, a);
}

static inline bool seq_ge(struct seq a, struct seq b)
{
    return seq_le(b, a);
}

static inline struct seq seq_max(struct seq a, struct seq b)
{
    return seq_lt(a, b) ? b : a;
}

static inline struct seq seq_min(struct seq a, struct seq b)
{
    return seq_lt(a, b) ? a : b;
}

// left <= a < left + length, for any length up to 2^32 - 1.
static inline bool seq_within(struct seq a, struct seq left, uint32_t length)
{
    return a.n - left.n < length;
}

#endif
