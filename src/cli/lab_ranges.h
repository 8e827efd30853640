// SPDX-License-Identifier: MIT
//
// A set of octets as ranges that neither overlap nor touch, sorted by place. New ones mostly come
// at the end and old ones mostly go at the begin, so that little has to be moved.
#ifndef SYNFIN_CLI_LAB_RANGES_H
#define SYNFIN_CLI_LAB_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct lab_range {
    uint64_t begin, end;
};

struct lab_ranges {
    struct lab_range *range;
    uint32_t ranges, capacity;
    uint64_t octets;       // in all of them
    bool is_out_of_memory; // something could not be added
};

// An empty range adds and removes nothing.
void lab_ranges_add(struct lab_ranges *set, struct lab_range range);
void lab_ranges_remove(struct lab_ranges *set, struct lab_range range);
// How many octets of `range` are in the set.
uint64_t lab_ranges_count(const struct lab_ranges *set, struct lab_range range);
void lab_ranges_deinit(struct lab_ranges *set);

#endif
