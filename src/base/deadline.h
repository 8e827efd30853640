// SPDX-License-Identifier: MIT
//
// Arithmetic on times: uint64_t ns from an origin that the caller chose. Deadlines saturate at
// SYNFIN_NEVER, so that no origin and no wait, however large, wraps into the past.
#ifndef SYNFIN_BASE_DEADLINE_H
#define SYNFIN_BASE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/stack.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

static inline uint64_t deadline_after(uint64_t now_ns, uint64_t wait_ns)
{
    return wait_ns >= SYNFIN_NEVER - now_ns ? SYNFIN_NEVER : now_ns + wait_ns;
}

static inline bool deadline_is_due(uint64_t deadline_ns, uint64_t now_ns)
{
    return deadline_ns <= now_ns && deadline_ns != SYNFIN_NEVER;
}

// ns since `then_ns`; 0 when that is still to come.
static inline uint64_t deadline_age(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

static inline uint64_t deadline_min(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static inline uint64_t deadline_max(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

#endif
