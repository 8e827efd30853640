// SPDX-License-Identifier: MIT
//
// Steps of the tests about SYNFIN_LINUX_WAYS; see linux_steps.h.
#include "linux_steps.h"

bool linux_beside(void **state, enum synfin_linux_way way, uint32_t is_linux)
{
    if (is_linux > 1) {
        return false;
    }
    steps_begin_again(state);
    segment_config()->linux_ways = is_linux << way;
    return true;
}
