// SPDX-License-Identifier: MIT
//
// Intervals of sequence space in a sorted list. Adding joins whatever overlaps or touches, so that
// two neighbours always have a gap between them.
#include "base/ranges.h"

#include <stddef.h>

#include "base/check.h"

static bool is_sorted(const struct ranges *ranges)
{
    uint32_t count = 0;
    range_for_each (node, ranges) {
        count++;
        if (!seq_lt(node->left, node->right)
            || (node->next != NULL && !seq_lt(node->right, node->next->left))) {
            return false;
        }
    }
    return count == ranges->count;
}

void ranges_init(struct ranges *ranges)
{
    ranges->first = NULL;
    ranges->count = 0;
}

static void remove_at(struct ranges *ranges, struct slab_pool *nodes, struct ranges_node **link)
{
    struct ranges_node *node = *link;
    *link = node->next;
    slab_pool_give(nodes, node);
    ranges->count--;
}

static bool insert_at(struct ranges *ranges, struct slab_pool *nodes, struct ranges_node **link,
                      struct ranges_node value)
{
    struct ranges_node *node = slab_pool_take_raw(nodes, NULL);
    if (node == NULL) {
        return false;
    }
    *node = value;
    node->next = *link;
    *link = node;
    ranges->count++;
    return true;
}

bool ranges_add(struct ranges *ranges, struct slab_pool *nodes, struct seq left, struct seq right,
                uint32_t max)
{
    if (seq_eq(left, right)) {
        return true;
    }
    struct ranges_node **link = &ranges->first;
    while (*link != NULL && seq_lt((*link)->right, left)) {
        link = &(*link)->next;
    }
    struct ranges_node *node = *link;
    if (node == NULL || seq_lt(right, node->left)) {
        return ranges->count < max
               && insert_at(ranges, nodes, link, (struct ranges_node){NULL, left, right});
    }
    node->left = seq_min(node->left, left);
    node->right = seq_max(node->right, right);
    while (node->next != NULL && seq_le(node->next->left, node->right)) {
        node->right = seq_max(node->right, node->next->right);
        remove_at(ranges, nodes, &node->next);
    }
    ASSERT_SLOW(is_sorted(ranges));
    return true;
}

void ranges_trim_left(struct ranges *ranges, struct slab_pool *nodes, struct seq edge)
{
    while (ranges->first != NULL && seq_le(ranges->first->right, edge)) {
        remove_at(ranges, nodes, &ranges->first);
    }
    if (ranges->first != NULL) {
        ranges->first->left = seq_max(ranges->first->left, edge);
    }
}

void ranges_clear(struct ranges *ranges, struct slab_pool *nodes)
{
    while (ranges->first != NULL) {
        remove_at(ranges, nodes, &ranges->first);
    }
}

bool ranges_contains(const struct ranges *ranges, struct seq left, struct seq right)
{
    range_for_each (node, ranges) {
        if (seq_le(node->left, left) && seq_le(right, node->right)) {
            return true;
        }
    }
    return false;
}

uint32_t ranges_bytes(const struct ranges *ranges)
{
    uint32_t bytes = 0;
    range_for_each (node, ranges) {
        bytes += seq_distance(node->left, node->right);
    }
    return bytes;
}
