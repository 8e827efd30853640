// SPDX-License-Identifier: MIT
//
// Steps of the tests about SYNFIN_LINUX_WAYS: one way alone, or what is done by default beside it.
#ifndef LINUX_STEPS_H
#define LINUX_STEPS_H

#include "data_steps.h"

// The stack has this way and no other. First in a test.
#define ONLY(way) (segment_config()->linux_ways = UINT32_C(1) << SYNFIN_LINUX_WAY_##way)

// In the head of a for: the same steps with a stack that does everything by default, and then with
// one that has this way, as `is_linux` says.
#define FOR_BOTH(way)                                      \
    uint32_t is_linux = 0;                                 \
    linux_beside(state, SYNFIN_LINUX_WAY_##way, is_linux); \
    is_linux++
// Another stack; false when both have been tried.
bool linux_beside(void **state, enum synfin_linux_way way, uint32_t is_linux);

#endif
