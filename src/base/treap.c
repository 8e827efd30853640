// SPDX-License-Identifier: MIT
//
// The tree of treap.h. Every walk is a loop along parent links. Priorities come from SplitMix64
// (Steele, Lea and Flood, 2014). The union of kinds is kept from below, and stops at the first
// node that it does not change.
#include "base/treap.h"

#include <stddef.h>

#include "base/check.h"

enum side { SIDE_BEFORE = 0, SIDE_BEHIND = 1 };

static uint32_t draw_priority(struct treap *tree)
{
    uint64_t z = tree->generator += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static uint8_t union_below(const struct treap_node *node)
{
    uint8_t kinds = node->kinds;
    for (uint32_t side = 0; side < 2; side++) {
        if (node->child[side] != NULL) {
            kinds |= node->child[side]->kinds_below;
        }
    }
    return kinds;
}

static void refresh_upwards(struct treap *tree, struct treap_node *node)
{
    for (; node != NULL; node = node->parent) {
        tree->steps++;
        uint8_t kinds = union_below(node);
        if (kinds == node->kinds_below) {
            return;
        }
        node->kinds_below = kinds;
    }
}

// The place that points to `node`.
static struct treap_node **link_to(struct treap *tree, const struct treap_node *node)
{
    struct treap_node *parent = node->parent;
    return parent == NULL ? &tree->root : &parent->child[parent->child[SIDE_BEHIND] == node];
}

// Changes places with the parent; the order stays.
static void rotate_up(struct treap *tree, struct treap_node *node)
{
    struct treap_node *parent = node->parent;
    uint32_t side = parent->child[SIDE_BEHIND] == node;
    struct treap_node *inner = node->child[1 - side];
    tree->steps++;
    *link_to(tree, parent) = node;
    node->parent = parent->parent;
    node->child[1 - side] = parent;
    parent->parent = node;
    parent->child[side] = inner;
    if (inner != NULL) {
        inner->parent = parent;
    }
    node->kinds_below = parent->kinds_below;
    parent->kinds_below = union_below(parent);
}

// The outermost node below `node`, which has one there.
static struct treap_node *outermost(uint64_t *steps, struct treap_node *node, uint32_t side,
                                    uint8_t kinds)
{
    for (;;) {
        struct treap_node *outer = node->child[side];
        ++*steps;
        if (outer != NULL && (outer->kinds_below & kinds) != 0) {
            node = outer;
        } else if ((node->kinds & kinds) != 0) {
            return node;
        } else {
            node = node->child[1 - side];
        }
    }
}

static struct treap_node *nearest(uint64_t *steps, const struct treap_node *node, uint32_t side,
                                  uint8_t kinds)
{
    struct treap_node *below = node->child[side];
    while (below == NULL || (below->kinds_below & kinds) == 0) {
        struct treap_node *parent = node->parent;
        ++*steps;
        if (parent == NULL) {
            return NULL;
        }
        bool is_passed = parent->child[side] == node;
        if (!is_passed && (parent->kinds & kinds) != 0) {
            return parent;
        }
        below = is_passed ? NULL : parent->child[side];
        node = parent;
    }
    return outermost(steps, below, 1 - side, kinds);
}

static struct treap_node *from_end(struct treap *tree, uint32_t side, uint8_t kinds)
{
    if (tree->root == NULL || (tree->root->kinds_below & kinds) == 0) {
        return NULL;
    }
    return outermost(&tree->steps, tree->root, side, kinds);
}

void treap_init(struct treap *tree, uint64_t seed)
{
    *tree = (struct treap){.generator = seed};
}

struct treap_node *treap_first(struct treap *tree, uint8_t kinds)
{
    return from_end(tree, SIDE_BEFORE, kinds);
}

struct treap_node *treap_last(struct treap *tree, uint8_t kinds)
{
    return from_end(tree, SIDE_BEHIND, kinds);
}

struct treap_node *treap_next(struct treap *tree, const struct treap_node *node, uint8_t kinds)
{
    return nearest(&tree->steps, node, SIDE_BEHIND, kinds);
}

struct treap_node *treap_prev(struct treap *tree, const struct treap_node *node, uint8_t kinds)
{
    return nearest(&tree->steps, node, SIDE_BEFORE, kinds);
}

static void attach(struct treap *tree, struct treap_node *node, struct treap_node *prev)
{
    if (prev == NULL) {
        node->parent = treap_first(tree, TREAP_ANY);
        *(node->parent == NULL ? &tree->root : &node->parent->child[SIDE_BEFORE]) = node;
    } else if (prev->child[SIDE_BEHIND] == NULL) {
        node->parent = prev;
        prev->child[SIDE_BEHIND] = node;
    } else {
        node->parent = treap_next(tree, prev, TREAP_ANY);
        node->parent->child[SIDE_BEFORE] = node;
    }
}

void treap_insert_after(struct treap *tree, struct treap_node *node, struct treap_node *prev,
                        uint8_t kinds)
{
    *node =
        (struct treap_node){.priority = draw_priority(tree), .kinds = kinds, .kinds_below = kinds};
    attach(tree, node, prev);
    refresh_upwards(tree, node->parent);
    while (node->parent != NULL && node->parent->priority < node->priority) {
        rotate_up(tree, node);
    }
}

void treap_remove(struct treap *tree, struct treap_node *node)
{
    while (node->child[SIDE_BEFORE] != NULL && node->child[SIDE_BEHIND] != NULL) {
        uint32_t side = node->child[SIDE_BEHIND]->priority > node->child[SIDE_BEFORE]->priority;
        rotate_up(tree, node->child[side]);
    }
    struct treap_node *only = node->child[node->child[SIDE_BEFORE] == NULL];
    *link_to(tree, node) = only;
    if (only != NULL) {
        only->parent = node->parent;
    }
    refresh_upwards(tree, node->parent);
}

void treap_set_kinds(struct treap *tree, struct treap_node *node, uint8_t kinds)
{
    node->kinds = kinds;
    refresh_upwards(tree, node);
}

static bool is_node_in_order(const struct treap_node *node)
{
    for (uint32_t side = 0; side < 2; side++) {
        const struct treap_node *child = node->child[side];
        if (child != NULL && (child->parent != node || child->priority > node->priority)) {
            return false;
        }
    }
    return node->kinds != 0 && node->kinds_below == union_below(node);
}

struct treap_node *treap_walk(const struct treap *tree, const struct treap_node *node)
{
    uint64_t steps = 0;
    if (node != NULL) {
        return nearest(&steps, node, SIDE_BEHIND, TREAP_ANY);
    }
    return tree->root == NULL ? NULL : outermost(&steps, tree->root, SIDE_BEFORE, TREAP_ANY);
}

bool treap_check(const struct treap *tree, uint32_t *count)
{
    *count = 0;
    if (tree->root != NULL && tree->root->parent != NULL) {
        return false;
    }
    const struct treap_node *node = NULL;
    while ((node = treap_walk(tree, node)) != NULL) {
        if (!is_node_in_order(node)) {
            return false;
        }
        ++*count;
    }
    return true;
}
