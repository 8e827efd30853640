// SPDX-License-Identifier: MIT
//
// What the judge keeps its notes in: a map from 64-bit keys, which are good hashes themselves, to
// pointers, and sets of places of a stream. Both grow as they need to and stop the program when
// there is no memory.
#ifndef ORACLE_MAP_H
#define ORACLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle_map {
    struct oracle_map_slot *slot;
    uint32_t slots, used; // slots: a power of two, or 0
};

void oracle_map_deinit(struct oracle_map *map);
// NULL when there is none.
void *oracle_map_find(const struct oracle_map *map, uint64_t key);
// Adds the key, or gives it another value; `value` is not NULL.
void oracle_map_set(struct oracle_map *map, uint64_t key, void *value);

// A good hash of two numbers, for keys.
uint64_t oracle_mix(uint64_t a, uint64_t b);

// [left, right)
struct oracle_range {
    uint64_t left, right;
};

// Sorted, disjoint, never touching.
struct oracle_ranges {
    struct oracle_range *at;
    uint32_t count, room;
};

void oracle_ranges_deinit(struct oracle_ranges *ranges);
void oracle_ranges_add(struct oracle_ranges *ranges, uint64_t left, uint64_t right);
// Whether all of [left, right) is in it.
bool oracle_ranges_hold(const struct oracle_ranges *ranges, uint64_t left, uint64_t right);
// The end of the range that holds `place`; `place` itself when none does.
uint64_t oracle_ranges_end(const struct oracle_ranges *ranges, uint64_t place);

// Memory or the end of the program.
void *oracle_allocate(void *old, size_t bytes);

#endif
