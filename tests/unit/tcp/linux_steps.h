// SPDX-License-Identifier: MIT
//
// Steps of the tests about SYNFIN_LINUX_WAYS: one way alone, or what is done by default beside it.
#ifndef LINUX_STEPS_H
#define LINUX_STEPS_H

#include "data_steps.h"

// The stack has this way and no other. First in a test.
#define ONLY(way) (segment_config()->linux_ways = UINT32_C(1) << SYNFIN_LINUX_WAY_##way)

// for (uint32_t is_linux = 0; linux_beside(state, way, is_linux); is_linux++)
// The same steps with a stack that does everything by default, and with one that has this way.
bool linux_beside(void **state, enum synfin_linux_way way, uint32_t is_linux);

#endif
