// SPDX-License-Identifier: MIT
//
// The clocks of the host layer. The loop runs on CLOCK_MONOTONIC, which never jumps; captures
// want the time of day, which is that plus an offset read once.
#include <time.h>

#include <synfin/host.h>

#include "base/deadline.h"

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t synfin_host_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t synfin_host_epoch_offset(void)
{
    return (int64_t)(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC));
}
