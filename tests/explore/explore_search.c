// SPDX-License-Identifier: MIT
//
// The search: nodes, the set of digests, and the stack of saved worlds along the present way.
#include "explore_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { DEPTH_MAX = 200 };

struct node {
    uint32_t parent;
    struct explore_step step;
    uint16_t depth;
};

static struct {
    const struct explore_scenario *scenario;
    struct explore_tally *tally;
    struct explore_world *world;
    struct node *nodes;
    uint32_t count, capacity;
    uint64_t *digests; // open addressing; 0: vacant
    uint32_t slots;
    void *saved[DEPTH_MAX + 1]; // the worlds along the way to `way[depth]`
    uint32_t way[DEPTH_MAX + 1];
    uint32_t depth;
    struct explore_step step; // being taken from there
    const char *illegal;      // an edge or a pair that must not be
    bool is_telling, is_finishing;
    bool may_tick;
} search;

static char illegal_text[96];

static void note_illegal(const char *what, enum synfin_tcp_state a, enum synfin_tcp_state b)
{
    if (search.illegal == NULL) {
        (void)snprintf(illegal_text, sizeof illegal_text, "%s %s, %s", what,
                       synfin_tcp_state_name(a), synfin_tcp_state_name(b));
        search.illegal = illegal_text;
    }
}

static void on_edge(enum synfin_tcp_state from, enum synfin_tcp_state to)
{
    search.tally->edge[from][to] = true;
    if (!explore_law_allows_edge(from, to)) {
        note_illegal("no legal edge:", from, to);
    }
}

static void note_pair(void)
{
    enum synfin_tcp_state a = explore_world_state(search.world, 0);
    enum synfin_tcp_state b = explore_world_state(search.world, 1);
    search.tally->pair[a][b] = search.tally->pair[b][a] = true;
    if (!explore_law_allows_pair(a, b)) {
        note_illegal("no legal pair:", a, b);
    }
}

static void tell_and_take(struct explore_world *world, struct explore_step step)
{
    explore_world_tell(world, step, stderr);
    explore_world_take(world, step);
}

// The way to the present state, the step after it, and, where that alone shows nothing, the end
// that came of it; the states are those before each step.
static void tell_way(const char *what)
{
    search.is_telling = true;
    search.tally->has_failed = true;
    (void)fprintf(stderr, "%s: %s\nA            | B\n", search.scenario->name, what);
    struct explore_world *world = explore_world_create(search.scenario, on_edge);
    for (uint32_t i = 1; i <= search.depth; i++) {
        tell_and_take(world, search.nodes[search.way[i]].step);
    }
    tell_and_take(world, search.step);
    if (search.is_finishing) {
        (void)fprintf(stderr, "and from there, with a kind network:\n");
        explore_world_finish(world, search.may_tick, stderr);
    }
    explore_world_destroy(world);
}

// A failed check inside the library.
_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    if (!search.is_telling && search.nodes != NULL) {
        tell_way("a check of the library failed");
    }
    exit(1);
}

static void *allocate(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (memory == NULL) {
        (void)fprintf(stderr, "explore: no memory\n");
        exit(1);
    }
    return memory;
}

// True when it was not there yet.
static bool add_digest(uint64_t digest)
{
    uint32_t at = (uint32_t)(digest >> 20) & (search.slots - 1);
    while (search.digests[at] != 0) {
        if (search.digests[at] == digest) {
            return false;
        }
        at = (at + 1) & (search.slots - 1);
    }
    search.digests[at] = digest;
    return true;
}

static void save_at(uint32_t depth, uint32_t node)
{
    struct arena *arena = search.world->arena;
    if (search.saved[depth] == NULL) {
        search.saved[depth] = allocate(arena->bytes);
    }
    arena_save(arena, search.saved[depth]);
    search.way[depth] = node;
    search.depth = depth;
}

static void back_to(uint32_t depth)
{
    arena_restore(search.world->arena, search.saved[depth]);
    search.depth = depth;
}

// Brings the world into the state of a node.
static void go_to(uint32_t node)
{
    uint32_t ancestors[DEPTH_MAX + 1];
    uint32_t depth = search.nodes[node].depth;
    uint32_t shared = 0;
    for (uint32_t at = node, d = depth; d > 0; at = search.nodes[at].parent, d--) {
        ancestors[d] = at;
    }
    while (shared < depth && shared < search.depth
           && search.way[shared + 1] == ancestors[shared + 1]) {
        shared++;
    }
    back_to(shared);
    for (uint32_t d = shared + 1; d <= depth; d++) {
        search.step = search.nodes[ancestors[d]].step;
        explore_world_take(search.world, search.step);
        save_at(d, ancestors[d]);
    }
}

static bool holds(void)
{
    note_pair();
    const char *wrong = search.world->wrong;
    if (wrong == NULL && search.illegal == NULL) {
        search.is_finishing = true;
        explore_world_finish(search.world, search.may_tick, NULL);
        wrong = search.world->wrong;
    }
    wrong = search.illegal != NULL ? search.illegal : wrong;
    if (wrong != NULL) {
        tell_way(wrong);
    }
    return wrong == NULL;
}

static bool expand(uint32_t node)
{
    struct explore_step steps[EXPLORE_STEPS_MAX];
    go_to(node);
    uint32_t count = explore_world_steps(search.world, steps);
    uint32_t depth = search.depth;
    for (uint32_t i = 0; i < count && search.count < search.capacity; i++) {
        back_to(depth);
        search.step = steps[i];
        search.is_finishing = false;
        explore_world_take(search.world, steps[i]);
        search.tally->steps++;
        if (depth == DEPTH_MAX || !add_digest(explore_world_digest(search.world))) {
            continue;
        }
        search.nodes[search.count++] =
            (struct node){.parent = node, .step = steps[i], .depth = (uint16_t)(depth + 1)};
        search.tally->depth = depth + 1 > search.tally->depth ? depth + 1 : search.tally->depth;
        if (!holds()) {
            return false;
        }
    }
    return true;
}

void explore_search(const struct explore_scenario *scenario, bool may_tick,
                    struct explore_tally *tally)
{
    search.scenario = scenario;
    search.tally = tally;
    search.may_tick = may_tick;
    search.capacity = scenario->states_max;
    search.slots = 1024;
    while (search.slots < 2 * search.capacity) {
        search.slots *= 2;
    }
    search.nodes = allocate(search.capacity * sizeof *search.nodes);
    search.digests = allocate(search.slots * sizeof *search.digests);
    search.world = explore_world_create(scenario, on_edge);
    search.nodes[search.count++] = (struct node){0};
    (void)add_digest(explore_world_digest(search.world));
    save_at(0, 0);
    uint32_t at = 0;
    while (at < search.count && search.count < search.capacity && expand(at)) {
        at++;
    }
    tally->is_complete = at == search.count;
    tally->states = search.count;
    explore_world_destroy(search.world);
}
