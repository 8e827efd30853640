// SPDX-License-Identifier: MIT
//
// An intrusive doubly linked list with a sentinel. A node that is on no list points to itself,
// so that removing it is harmless and "is it on a list?" is one comparison.
#ifndef SYNFIN_BASE_LIST_H
#define SYNFIN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"

struct list_node {
    struct list_node *next, *prev;
};

// list_for_each(node, list): every node from the first; the body must not remove `node`.
#define list_for_each(node, list) \
    for (struct list_node *node = (list)->next; node != (list); node = node->next)

static inline void list_init(struct list_node *node)
{
    node->next = node->prev = node;
}

// True for a list without nodes, and for a node on no list.
static inline bool list_is_empty(const struct list_node *list)
{
    return list->next == list;
}

static inline void list_push_back(struct list_node *list, struct list_node *node)
{
    ASSERT_SLOW(list_is_empty(node));
    node->next = list;
    node->prev = list->prev;
    list->prev->next = node;
    list->prev = node;
}

static inline void list_push_front(struct list_node *list, struct list_node *node)
{
    list_push_back(list->next, node);
}

static inline void list_remove(struct list_node *node)
{
    node->next->prev = node->prev;
    node->prev->next = node->next;
    list_init(node);
}

// Removes and gives the first node; NULL when the list is empty.
static inline struct list_node *list_pop_front(struct list_node *list)
{
    if (list_is_empty(list)) {
        return NULL;
    }
    struct list_node *node = list->next;
    list_remove(node);
    return node;
}

#endif
