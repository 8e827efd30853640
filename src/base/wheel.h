// SPDX-License-Identifier: MIT
//
// A hierarchical timing wheel: arm, cancel and expire in O(1), any number of entries. Ticks are
// 2^16 ns (65.5 us); 8 levels of 64 slots reach every uint64_t deadline. An entry never expires
// before its deadline: a slot that has come up gives only the entries that are due.
#ifndef SYNFIN_BASE_WHEEL_H
#define SYNFIN_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum { WHEEL_LEVELS = 8, WHEEL_SLOTS = 64, WHEEL_TICK_SHIFT = 16 };

struct wheel_entry {
    struct list_node node; // on a slot's list, or on none
    uint64_t deadline_ns;  // valid while armed; never before the time it was armed at
};

struct wheel {
    uint64_t now_ns;                 // the time up to which everything has expired
    uint64_t soonest_ns;             // not later than the current tick's first deadline
    uint64_t occupied[WHEEL_LEVELS]; // one bit per slot that has entries
    struct list_node slot[WHEEL_LEVELS][WHEEL_SLOTS];
    struct list_node due; // expired and not yet given
    uint32_t entries;
};

void wheel_init(struct wheel *wheel, uint64_t now_ns);
void wheel_entry_init(struct wheel_entry *entry);
// Arms or moves the entry; SYNFIN_NEVER cancels it. A deadline in the past is due at once.
void wheel_arm(struct wheel *wheel, struct wheel_entry *entry, uint64_t deadline_ns);
void wheel_cancel(struct wheel *wheel, struct wheel_entry *entry);
bool wheel_is_armed(const struct wheel_entry *entry);
// Moves time forward (an earlier time changes nothing) and collects what is due. Entries that
// callers arm while taking due ones with a deadline not after `now_ns` wait for the next advance.
void wheel_advance(struct wheel *wheel, uint64_t now_ns);
// The next due entry, no longer armed; NULL when there is none. Earlier ticks come first.
struct wheel_entry *wheel_pop_due(struct wheel *wheel);
// Never later than the first deadline; SYNFIN_NEVER without entries. It is the first deadline
// itself when the first slot holds up to 8 entries. When it holds more and lies on level 0 it is at
// most one tick before it, and on a higher level, so that nobody walks a slot of 100,000 entries,
// it is the slot's beginning: whoever wakes up then advances, and asks again.
uint64_t wheel_next_deadline(const struct wheel *wheel);

#endif
