// SPDX-License-Identifier: MIT
//
// Sets of octets; see lab_ranges.h.
#include "cli/lab_ranges.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 64 };

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// The first range that ends behind `place`.
static uint32_t find(const struct lab_ranges *set, uint64_t place)
{
    uint32_t low = 0;
    uint32_t high = set->ranges;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->range[middle].end > place) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool make_room(struct lab_ranges *set)
{
    if (set->ranges < set->capacity) {
        return true;
    }
    uint32_t wanted = set->capacity != 0 ? set->capacity * 2 : CAPACITY_MIN;
    struct lab_range *grown = realloc(set->range, wanted * sizeof set->range[0]);
    if (grown == NULL) {
        set->is_out_of_memory = true;
        return false;
    }
    set->range = grown;
    set->capacity = wanted;
    return true;
}

// Puts `count` ranges in the place of those from `first` to `end`. There is room.
static void replace(struct lab_ranges *set, uint32_t first, uint32_t end,
                    const struct lab_range *by, uint32_t count)
{
    for (uint32_t i = first; i < end; i++) {
        set->octets -= set->range[i].end - set->range[i].begin;
    }
    memmove(set->range + first + count, set->range + end,
            (set->ranges - end) * sizeof set->range[0]);
    for (uint32_t i = 0; i < count; i++) {
        set->range[first + i] = by[i];
        set->octets += by[i].end - by[i].begin;
    }
    set->ranges = set->ranges - (end - first) + count;
}

void lab_ranges_add(struct lab_ranges *set, struct lab_range range)
{
    if (range.begin >= range.end || !make_room(set)) {
        return;
    }
    // One that only touches is joined too.
    uint32_t first = range.begin > 0 ? find(set, range.begin - 1) : 0;
    uint32_t end = first;
    for (; end < set->ranges && set->range[end].begin <= range.end; end++) {
        range.begin = lesser(range.begin, set->range[end].begin);
        range.end = greater(range.end, set->range[end].end);
    }
    replace(set, first, end, &range, 1);
}

void lab_ranges_remove(struct lab_ranges *set, struct lab_range range)
{
    uint32_t first = find(set, range.begin);
    uint32_t end = first;
    while (end < set->ranges && set->range[end].begin < range.end) {
        end++;
    }
    if (range.begin >= range.end || first == end || !make_room(set)) {
        return;
    }
    struct lab_range left[2];
    uint32_t count = 0;
    if (set->range[first].begin < range.begin) {
        left[count++] = (struct lab_range){set->range[first].begin, range.begin};
    }
    if (set->range[end - 1].end > range.end) {
        left[count++] = (struct lab_range){range.end, set->range[end - 1].end};
    }
    replace(set, first, end, left, count);
}

uint64_t lab_ranges_count(const struct lab_ranges *set, struct lab_range range)
{
    uint64_t octets = 0;
    for (uint32_t i = find(set, range.begin); i < set->ranges && set->range[i].begin < range.end;
         i++) {
        octets += lesser(set->range[i].end, range.end) - greater(set->range[i].begin, range.begin);
    }
    return octets;
}

void lab_ranges_deinit(struct lab_ranges *set)
{
    free(set->range);
    *set = (struct lab_ranges){0};
}
