// SPDX-License-Identifier: MIT
//
// The wheel. Time in ticks has 48 bits, which are eight groups of six: the slot numbers of the
// eight levels. An entry lies on the level of the highest group in which its tick differs from the
// wheel's tick, in the slot that this group of its tick names:
//
//     wheel's tick   .. 3 17  5  9
//     entry's tick   .. 3 17 40  2    differs first in group 1: level 1, slot 40
//
//  1. On levels above 0 every occupied slot lies ahead of the wheel's own group, on level 0 not
//     behind it: the lowest occupied slot of the lowest occupied level comes first of all, and
//     nothing ever wraps around.
//  2. Where an entry lies can be computed from its deadline and the wheel's tick at any later
//     time, until its slot comes up: cancelling needs no memory of it.
//  3. When a slot above level 0 comes up, the wheel's tick is the slot's first, and its entries
//     move to lower levels: at most seven times in an entry's life, whatever time does.
//  4. The entries of the current tick's slot are looked at only when one of them may be due:
//     soonest_ns is not later than the first of them.
#include "base/wheel.h"

#include <stddef.h>

#include <synfin/stack.h>

#include "base/check.h"

enum {
    GROUP_BITS = 6,
    FEW = 8, // so many entries wheel_next_deadline looks at one by one
};

_Static_assert(1 << GROUP_BITS == WHEEL_SLOTS, "a group of bits numbers the slots of a level");
_Static_assert(GROUP_BITS *WHEEL_LEVELS + WHEEL_TICK_SHIFT == 64, "the levels reach all time");

struct place {
    uint32_t level, slot;
};

static uint64_t tick_of(uint64_t time_ns)
{
    return time_ns >> WHEEL_TICK_SHIFT;
}

static uint32_t slot_of(uint64_t tick, uint32_t level)
{
    return (uint32_t)(tick >> (GROUP_BITS * level)) & (WHEEL_SLOTS - 1);
}

// Where a deadline not before wheel->now_ns belongs.
static struct place find_place(const struct wheel *wheel, uint64_t deadline_ns)
{
    uint64_t tick = tick_of(deadline_ns);
    uint64_t differs = tick ^ tick_of(wheel->now_ns);
    uint32_t top = 63U - (uint32_t)__builtin_clzll(differs | 1);
    uint32_t level = top / GROUP_BITS;
    return (struct place){level, slot_of(tick, level)};
}

static struct wheel_entry *entry_of(struct list_node *node)
{
    return CONTAINER_OF(node, struct wheel_entry, node);
}

static bool is_current(const struct wheel *wheel, struct place place)
{
    return place.level == 0 && place.slot == slot_of(tick_of(wheel->now_ns), 0);
}

static void insert(struct wheel *wheel, struct wheel_entry *entry)
{
    struct place place = find_place(wheel, entry->deadline_ns);
    list_push_back(&wheel->slot[place.level][place.slot], &entry->node);
    wheel->occupied[place.level] |= UINT64_C(1) << place.slot;
    if (is_current(wheel, place) && entry->deadline_ns < wheel->soonest_ns) {
        wheel->soonest_ns = entry->deadline_ns;
    }
}

// Clears the slot's bit when its list is empty.
static void note_emptied(struct wheel *wheel, struct place place)
{
    if (list_is_empty(&wheel->slot[place.level][place.slot])) {
        wheel->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
        if (is_current(wheel, place)) {
            wheel->soonest_ns = SYNFIN_NEVER;
        }
    }
}

void wheel_init(struct wheel *wheel, uint64_t now_ns)
{
    wheel->now_ns = now_ns;
    wheel->soonest_ns = SYNFIN_NEVER;
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (uint32_t slot = 0; slot < WHEEL_SLOTS; slot++) {
            list_init(&wheel->slot[level][slot]);
        }
    }
    list_init(&wheel->due);
    wheel->entries = 0;
}

void wheel_entry_init(struct wheel_entry *entry)
{
    list_init(&entry->node);
    entry->deadline_ns = SYNFIN_NEVER;
}

bool wheel_is_armed(const struct wheel_entry *entry)
{
    return !list_is_empty(&entry->node);
}

void wheel_arm(struct wheel *wheel, struct wheel_entry *entry, uint64_t deadline_ns)
{
    wheel_cancel(wheel, entry);
    if (deadline_ns == SYNFIN_NEVER) {
        return;
    }
    entry->deadline_ns = deadline_ns < wheel->now_ns ? wheel->now_ns : deadline_ns;
    insert(wheel, entry);
    wheel->entries++;
}

void wheel_cancel(struct wheel *wheel, struct wheel_entry *entry)
{
    if (!wheel_is_armed(entry)) {
        return;
    }
    list_remove(&entry->node);
    wheel->entries--;
    // An entry that waited among the due ones has a deadline in the past, and no slot of its own.
    if (entry->deadline_ns >= wheel->now_ns) {
        note_emptied(wheel, find_place(wheel, entry->deadline_ns));
    }
}

// The slot that comes up first; false when all are empty.
static bool find_first(const struct wheel *wheel, struct place *first)
{
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] != 0) {
            first->level = level;
            first->slot = (uint32_t)__builtin_ctzll(wheel->occupied[level]);
            return true;
        }
    }
    return false;
}

// The first tick of a slot that is not behind.
static uint64_t first_tick(const struct wheel *wheel, struct place place)
{
    uint32_t shift = GROUP_BITS * place.level;
    uint64_t above = tick_of(wheel->now_ns) >> shift >> GROUP_BITS;
    return (above << GROUP_BITS | place.slot) << shift;
}

// Takes a slot's entries off it, onto `list`.
static void empty_slot(struct wheel *wheel, struct place place, struct list_node *list)
{
    struct list_node *head = &wheel->slot[place.level][place.slot];
    *list = *head;
    list->next->prev = list;
    list->prev->next = list;
    list_init(head);
    wheel->occupied[place.level] &= ~(UINT64_C(1) << place.slot);
}

// Moves the current tick's entries that are due at `now_ns` to the due list.
static void collect_due(struct wheel *wheel, struct place place, uint64_t now_ns)
{
    struct list_node entries;
    empty_slot(wheel, place, &entries);
    wheel->soonest_ns = SYNFIN_NEVER;
    for (struct list_node *node; (node = list_pop_front(&entries)) != NULL;) {
        if (entry_of(node)->deadline_ns <= now_ns) {
            list_push_back(&wheel->due, node);
        } else {
            insert(wheel, entry_of(node));
        }
    }
}

// Spreads the entries of a slot that has come up over the levels below.
static void cascade(struct wheel *wheel, struct place place)
{
    struct list_node entries;
    empty_slot(wheel, place, &entries);
    for (struct list_node *node; (node = list_pop_front(&entries)) != NULL;) {
        insert(wheel, entry_of(node));
    }
}

void wheel_advance(struct wheel *wheel, uint64_t now_ns)
{
    struct place place;
    while (now_ns >= wheel->now_ns && find_first(wheel, &place)) {
        uint64_t tick = first_tick(wheel, place);
        if (tick > tick_of(now_ns) || (is_current(wheel, place) && wheel->soonest_ns > now_ns)) {
            break;
        }
        if (tick > tick_of(wheel->now_ns)) {
            wheel->now_ns = tick << WHEEL_TICK_SHIFT;
            wheel->soonest_ns = SYNFIN_NEVER;
        }
        if (place.level == 0) {
            collect_due(wheel, place, now_ns);
        } else {
            cascade(wheel, place);
        }
    }
    if (now_ns > wheel->now_ns) {
        wheel->now_ns = now_ns;
    }
}

struct wheel_entry *wheel_pop_due(struct wheel *wheel)
{
    struct list_node *node = list_pop_front(&wheel->due);
    if (node == NULL) {
        return NULL;
    }
    wheel->entries--;
    return entry_of(node);
}

// The first deadline of a list of up to FEW entries; SYNFIN_NEVER when there are more.
static uint64_t first_of_few(const struct list_node *list)
{
    uint64_t first_ns = SYNFIN_NEVER;
    uint32_t count = 0;
    list_for_each (node, list) {
        if (++count > FEW) {
            return SYNFIN_NEVER;
        }
        uint64_t deadline_ns = entry_of(node)->deadline_ns;
        first_ns = deadline_ns < first_ns ? deadline_ns : first_ns;
    }
    return first_ns;
}

uint64_t wheel_next_deadline(const struct wheel *wheel)
{
    if (!list_is_empty(&wheel->due)) {
        return tick_of(entry_of(wheel->due.next)->deadline_ns) << WHEEL_TICK_SHIFT;
    }
    struct place first;
    if (!find_first(wheel, &first)) {
        return SYNFIN_NEVER;
    }
    uint64_t few_ns = first_of_few(&wheel->slot[first.level][first.slot]);
    if (few_ns != SYNFIN_NEVER) {
        return few_ns;
    }
    return is_current(wheel, first) ? wheel->soonest_ns
                                    : first_tick(wheel, first) << WHEEL_TICK_SHIFT;
}
