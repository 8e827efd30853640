// SPDX-License-Identifier: MIT
//
// A set of half-open intervals of 32-bit sequence space, kept sorted, disjoint and never
// touching: what was received out of order, and later what was selectively acknowledged. All
// members lie within 2^31 of the set's base. Nodes come from a pool shared by all sets.
#ifndef SYNFIN_BASE_RANGES_H
#define SYNFIN_BASE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"
#include "base/slab.h"

struct ranges_node {
    struct ranges_node *next;
    struct seq left, right; // [left, right)
};

struct ranges {
    struct ranges_node *first;
    uint32_t count;
};

// range_for_each(node, ranges): from the lowest; the body must not change the set.
#define range_for_each(node, ranges) \
    for (const struct ranges_node *node = (ranges)->first; node != NULL; node = node->next)

void ranges_init(struct ranges *ranges);
// Adds [left, right), joining what overlaps or touches. False when that needs a node and `max`
// nodes are in use or the pool is empty: then nothing has changed.
bool ranges_add(struct ranges *ranges, struct slab_pool *nodes, struct seq left, struct seq right,
                uint32_t max);
// Removes everything before `edge`.
void ranges_trim_left(struct ranges *ranges, struct slab_pool *nodes, struct seq edge);
void ranges_clear(struct ranges *ranges, struct slab_pool *nodes);
bool ranges_contains(const struct ranges *ranges, struct seq left, struct seq right);
// Octets covered.
uint32_t ranges_bytes(const struct ranges *ranges);

#endif
