// SPDX-License-Identifier: MIT
//
// When a test's clock begins: at one second, or where SYNFIN_TEST_ORIGIN says, a number of ns that
// may be written as 2^N, or such a power of us or ms ("2^32ms"), and then 2 s earlier, so that the
// clock passes that number in the middle of a test.
#ifndef TEST_ORIGIN_H
#define TEST_ORIGIN_H

#include <stdint.h>

uint64_t test_origin_ns(void);
// The same moment on a clock that began at one second.
uint64_t test_origin_time(uint64_t now_ns);

// How far the clock leaps ahead at this step of a world, by itself: 0 mostly, and always where
// SYNFIN_TEST_STEPS is not set; else up to so many ms, as a machine does that was asleep.
uint64_t test_origin_step_ns(uint64_t *random);

#endif
