// SPDX-License-Identifier: MIT
//
// The least of the values that were seen lately: of the present slot of time and of the three
// before it. A value therefore counts for three to four slots. The idea of a filter that forgets
// is Kathleen Nichols'; slots make what it forgets, and when, exact.
#ifndef SYNFIN_BASE_WINDOWED_MIN_H
#define SYNFIN_BASE_WINDOWED_MIN_H

#include <stdint.h>

enum { WINDOWED_MIN_SLOTS = 4 };

struct windowed_min {
    uint32_t least[WINDOWED_MIN_SLOTS]; // by slot modulo their number; UINT32_MAX: nothing seen
    uint32_t slot;                      // of the last value
};

void windowed_min_init(struct windowed_min *filter);
// Takes a value of this slot, the number of a stretch of time, which never goes back by more than
// half the circle: an earlier slot counts as the last one. Gives the least, `value` included.
uint32_t windowed_min_update(struct windowed_min *filter, uint32_t slot, uint32_t value);

#endif
