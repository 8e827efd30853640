// SPDX-License-Identifier: MIT
//
// An intrusive search tree, balanced by chance: a heap by random priority, ordered by place. It
// knows no keys. A new node is put behind one that is in the tree, and the owner descends from
// `root` with comparisons of its own. Each node carries a set of kinds, and the union of those
// below it, so that the nearest node of a kind is found without passing the others.
//
// Whoever chose the places and knew the priorities could make the tree a list; the seed must
// therefore be secret where a peer chooses the places.
#ifndef SYNFIN_BASE_TREAP_H
#define SYNFIN_BASE_TREAP_H

#include <stdbool.h>
#include <stdint.h>

enum { TREAP_ANY = 0xff };

struct treap_node {
    struct treap_node *parent;
    struct treap_node *child[2]; // before, and behind
    uint32_t priority;           // never above the parent's
    uint8_t kinds;               // the owner's bits, at least one
    uint8_t kinds_below;         // of the node and all below it
};

struct treap {
    struct treap_node *root;
    uint64_t generator; // of priorities: the same seed gives the same tree
    uint64_t steps;     // nodes visited since init, for bounds on work
};

void treap_init(struct treap *tree, uint64_t seed);
// Puts `node` behind `prev`, or before all others when that is NULL.
void treap_insert_after(struct treap *tree, struct treap_node *node, struct treap_node *prev,
                        uint8_t kinds);
void treap_remove(struct treap *tree, struct treap_node *node);
void treap_set_kinds(struct treap *tree, struct treap_node *node, uint8_t kinds);

// The outermost node, and the nearest behind or before `node`, that has one of `kinds`; NULL when
// there is none. O(log n); going through neighbours in turn costs O(1) each on average.
struct treap_node *treap_first(struct treap *tree, uint8_t kinds);
struct treap_node *treap_last(struct treap *tree, uint8_t kinds);
struct treap_node *treap_next(struct treap *tree, const struct treap_node *node, uint8_t kinds);
struct treap_node *treap_prev(struct treap *tree, const struct treap_node *node, uint8_t kinds);

// The first node, or the one behind `node`, without counting steps: for checks.
struct treap_node *treap_walk(const struct treap *tree, const struct treap_node *node);
// True when links, priorities and kinds are in order; `count` gets the number of nodes.
bool treap_check(const struct treap *tree, uint32_t *count);

#endif
