// SPDX-License-Identifier: MIT
//
// The filter of windowed_min.h: a ring of slots, of which those that were passed over are emptied.
#include "base/windowed_min.h"

void windowed_min_init(struct windowed_min *filter)
{
    *filter = (struct windowed_min){0};
    for (uint32_t i = 0; i < WINDOWED_MIN_SLOTS; i++) {
        filter->least[i] = UINT32_MAX;
    }
}

static void advance(struct windowed_min *filter, uint32_t slot)
{
    uint32_t passed = slot - filter->slot;
    if (passed > UINT32_MAX / 2) {
        return; // a clock that went back
    }
    uint32_t emptied = passed < WINDOWED_MIN_SLOTS ? passed : WINDOWED_MIN_SLOTS;
    for (uint32_t i = 0; i < emptied; i++) {
        filter->least[(slot - i) % WINDOWED_MIN_SLOTS] = UINT32_MAX;
    }
    filter->slot = slot;
}

uint32_t windowed_min_update(struct windowed_min *filter, uint32_t slot, uint32_t value)
{
    advance(filter, slot);
    uint32_t *own = &filter->least[filter->slot % WINDOWED_MIN_SLOTS];
    *own = value < *own ? value : *own;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < WINDOWED_MIN_SLOTS; i++) {
        least = filter->least[i] < least ? filter->least[i] : least;
    }
    return least;
}
